// A small app over every hook of `ogkit/react`, in StrictMode, with the development wallet in the page.
import { StrictMode, useState } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";

import { createWallet } from "../devnet/wallet.mjs";
import { App } from "./parts.jsx";

const devnet = await (await fetch("devnet.json")).json();
const { name, chainId, rpcUrl, contracts, pinUrl, gatewayUrl } = devnet;
const key = (role) => devnet.accounts.find((account) => account.role === role).privateKey;
const wallet = createWallet({ privateKey: key("client"), chains: { [chainId]: rpcUrl }, chainId, approve: () => globalThis.say ?? true });

// What leaks is counted: listeners on the wallet, requests to the chain.
const counts = (globalThis.counts = { listeners: 0, requests: 0 });
const { on, removeListener } = wallet;
wallet.on = (...args) => (counts.listeners++, on(...args));
wallet.removeListener = (...args) => (counts.listeners--, removeListener(...args));
const { fetch: real } = globalThis;
globalThis.fetch = (...args) => (counts.requests++, real(...args));
globalThis.wallet = wallet;

const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: { info: { uuid: "1", name: "Dev", icon: "", rdns: "dev.test" }, provider: wallet } }));
window.addEventListener("eip6963:requestProvider", announce);

function Page() {
  const [shown, show] = useState(true);
  // A new object each time, as people write it.
  const network = { name, chainId, rpcUrl, contracts, pinUrl, gatewayUrl };
  return (
    <>
      <button id="toggle" onClick={() => show(!shown)}>toggle</button>
      {shown && <App network={network} />}
    </>
  );
}

const root = document.getElementById("root");
const options = { onRecoverableError: (error) => console.error(`hydration: ${error}`) };
const tree = <StrictMode><Page /></StrictMode>;
if (root.hasChildNodes()) hydrateRoot(root, tree, options);
else createRoot(root).render(tree);
