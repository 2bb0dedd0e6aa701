// `ogkit/react/opengradient` in StrictMode, with a wallet of two accounts in the page. The address says how the app is set up.
import { StrictMode, useState } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";

import { createWallet } from "../devnet/wallet.mjs";
import { App } from "./chat-parts.jsx";

const { network, keys } = await (await fetch("net.json")).json();
const { chainId, rpcUrl } = network.payments;
const windows = (globalThis.windows = []);
const approve = ({ method }) => (windows.push(method), globalThis.say ?? true);
const accounts = keys.map((privateKey) => createWallet({ privateKey, chains: { [chainId]: rpcUrl }, chainId, approve }));

/** One wallet, whose user picks the account. */
let current = accounts[0];
const listeners = new Set();
const tell = (list) => listeners.forEach((listener) => listener(list));
const wallet = {
  request: (request) => current.request(request),
  on: (event, listener) => void (event === "accountsChanged" && listeners.add(listener)),
  removeListener: (_, listener) => void listeners.delete(listener),
};
globalThis.user = {
  pick(index) {
    current = accounts[index];
    current.user.connect();
    tell([current.address.toLowerCase()]);
  },
  lock() {
    current.user.lock();
    tell([]);
  },
};

// What the gateway streams goes through `forge`, where there is one; `undefined` cuts it.
const { fetch: real } = globalThis;
globalThis.fetch = async (...args) => {
  const response = await real(...args);
  if (!globalThis.forge || !response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
  const forging = new TransformStream({
    transform(text, out) {
      const forged = globalThis.forge(text);
      if (forged === undefined) out.terminate();
      else out.enqueue(forged);
    },
  });
  const body = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(forging).pipeThrough(new TextEncoderStream());
  return Object.defineProperty(new Response(body, response), "url", { value: response.url });
};

const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: { info: { uuid: "1", name: "Dev", icon: "", rdns: "dev.test" }, provider: wallet } }));
window.addEventListener("eip6963:requestProvider", announce);

const asked = new URLSearchParams(location.search);
const has = (name) => asked.has(name);

function Page() {
  const [shown, show] = useState(true);
  const [greet, greets] = useState(false);
  const initial = has("initial") ? JSON.parse(asked.get("initial")) : undefined;
  return (
    <>
      <button id="toggle" onClick={() => show(!shown)}>toggle</button>
      <button id="greet" onClick={() => greets(true)}>greet</button>
      <App network={network} chat={shown} greet={greet} confirm={has("confirm")} tools={has("tools")} initial={initial} verify={asked.get("verify") ?? undefined} max={BigInt(asked.get("max") ?? 10n ** 17n)} />
    </>
  );
}

const root = document.getElementById("root");
const options = { onRecoverableError: (error) => console.error(`hydration: ${error}`) };
const tree = <StrictMode><Page /></StrictMode>;
if (root.hasChildNodes()) hydrateRoot(root, tree, options);
else createRoot(root).render(tree);
