// Calls with lists that would take for ever to go through. A line for each: its name and the code of its error; "alive" at the end.
import { Ogpu, publishToIpfs } from "../../pkg/ogpu.js";
import { encodeInference, fetchWithPayment } from "../../pkg/opengradient.js";
import { createRelay, toNodeHandler } from "../../pkg/relay.js";
import { viemChain } from "../../pkg/viem.js";

const ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
const sparse = new Array(2 ** 32 - 1);
const endless = Object.assign([1], { *[Symbol.iterator]() { for (;;) yield "https://a.example/"; } });
const endlessProxy = new Proxy([1], { get: (target, key) => (key === "length" ? 2e9 : target[0]) });
const numbers = new Array(1_000_000).fill(1);
const again = new Array(1_000_000).fill(numbers);
let doubled = [1, 2];
for (let depth = 0; depth < 30; depth++) doubled = [doubled, doubled];

const ogpu = await Ogpu.readOnly({ network: "mainnet" });
const task = ogpu.task(ADDRESS);
const wallet = { request: async () => [ADDRESS] };
const never = async () => ({ status: 200, url: "https://x.example/", body: null, headers: endless });
const calls = {
  "a getter with a length": () => task.all(undefined, { length: 2e9 }),
  "a getter with a proxy": () => task.all(undefined, endlessProxy),
  "an option with a list of lists": () => publishToIpfs(again),
  "a sparse tensor": () => encodeInference(CID, "VANILLA", { x: sparse }),
  "a tensor with a proxy": () => encodeInference(CID, "VANILLA", { x: endlessProxy }),
  "a tensor of the same rows": () => encodeInference(CID, "VANILLA", { x: again }),
  "a tensor of the same halves": () => encodeInference(CID, "VANILLA", { x: doubled }),
  "a relay's upstreams": () => createRelay({ upstreams: sparse }),
  "a relay's headers": () => createRelay({ upstreams: ["https://a.example/"], requestHeaders: endlessProxy }),
  "a chain's endpoints": () => viemChain({ name: "x", chainId: 1, rpcUrl: sparse }),
};
for (const [name, run] of Object.entries(calls)) {
  const error = await (async () => run())().catch((error) => error);
  console.log(`${name}: ${error?.code ?? error}`);
}
// An iterator of the caller's own is not asked, or not for ever.
createRelay({ upstreams: endless.map(() => "https://a.example/"), mediaTypes: Object.assign(["text/x"], { [Symbol.iterator]: endless[Symbol.iterator] }) });
const outgoing = { on() {}, writeHead() {}, write: () => true, end() {}, destroy() {}, destroyed: false };
await toNodeHandler(async () => new Response("x"))({ method: "GET", url: "/", headers: { "x-a": sparse }, complete: true }, outgoing);
await fetchWithPayment("https://x.example/", undefined, { wallet, policy: { assets: [] }, fetch: never }).catch(({ code }) => code);
ogpu.free();
console.log("alive");
process.exit(0);
