// A process in which everything that the caller brings fails later, and nobody catches it. It prints that it is alive at its end.
import { Ogpu, preload, setLogLevel, watchWallets } from "../../pkg/ogpu.js";
import { toNodeHandler } from "../../pkg/relay.js";
import { setTimeout as sleep } from "node:timers/promises";

const fails = async () => {
  throw new Error("mine");
};
const ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const wallet = { request: async ({ method }) => (method === "eth_chainId" ? "0x42f" : [ADDRESS]), on: fails, removeListener: fails };
await preload();
await preload(fails());
const stop = watchWallets(fails);
setLogLevel("debug", fails);
const ogpu = await Ogpu.connect({ wallet, network: "mainnet" });
await ogpu.waitForTransaction(1, { onProgress: fails }).catch(() => {});
stop();
// A connection that is gone, whose every method fails.
const broken = { on() {}, writeHead: () => true, write: () => true, end: fails, destroy: fails, destroyed: false };
const failing = new ReadableStream({ pull: fails });
const incoming = { method: "GET", url: "/", headers: {}, complete: true };
await toNodeHandler(async () => new Response(failing))(incoming, broken).catch(() => {});
await toNodeHandler(async () => new Response("x"))({ ...incoming, complete: false, once: fails, resume: fails }, { ...broken, on: fails, writeHead: fails, flushHeaders: fails }).catch(() => {});
const throwing = () => { throw new Error("mine"); };
await toNodeHandler(async () => new Response(new ReadableStream({ pull: fails })))(incoming, { ...broken, destroy: throwing }).catch(() => {});
ogpu.free();
await sleep(50);
console.log("alive");
process.exit(0);
