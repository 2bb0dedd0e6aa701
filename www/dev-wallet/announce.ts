/**
 * A development wallet in the page: it announces itself by EIP-6963 as an extension does, asks in a window of its own,
 * and signs with a public development key. It exists only beside a devnet. `?autoapprove` skips its window,
 * `?walletChain=1` starts it on another chain.
 */

import { createWallet } from "../../tests/devnet/wallet.mjs";
import { el } from "../dom.js";

const ICON =
  "data:image/svg+xml," +
  encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1b5fd0"/><path d="M8 11h16v12H8zM8 11l12-4v4" fill="none" stroke="#fff" stroke-width="2"/></svg>');

interface Ask {
  method: string;
  summary: Record<string, unknown>;
}

const TITLES: Record<string, string> = {
  eth_requestAccounts: "Share your account with this page?",
  wallet_switchEthereumChain: "Switch the network?",
  wallet_addEthereumChain: "Add this network?",
  eth_sendTransaction: "Send this transaction?",
  personal_sign: "Sign this message?",
  eth_signTypedData_v4: "Sign this data?",
};

function approve({ method, summary }: Ask): Promise<boolean> {
  return new Promise((resolve) => {
    const rows = Object.entries(summary).flatMap(([name, value]) => [el("dt", {}, name), el("dd", { class: "mono" }, String(value))]);
    const dialog = el("dialog", { "aria-labelledby": "dev-wallet-title", "data-testid": "dev-wallet" },
      el("h2", { id: "dev-wallet-title" }, TITLES[method] ?? method),
      el("p", { class: "quiet" }, "Development wallet. Its key is public: never use it elsewhere."),
      el("dl", {}, ...rows),
      el("div", { class: "row" },
        el("button", { type: "button", "data-testid": "dev-wallet-approve", click: () => dialog.close("yes") }, "Approve"),
        el("button", { type: "button", class: "plain", "data-testid": "dev-wallet-reject", click: () => dialog.close("no") }, "Reject")));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Announces the wallet, now and whenever the page asks. */
export function announceDevWallet(network: { chainId: number; rpcUrl: string | readonly string[] }, privateKey: `0x${string}`): void {
  const query = new URLSearchParams(location.search);
  const elsewhere = query.get("walletChain");
  const rpcUrl = typeof network.rpcUrl === "string" ? network.rpcUrl : (network.rpcUrl[0] ?? "");
  const provider = createWallet({
    privateKey,
    chains: { [elsewhere ?? network.chainId]: rpcUrl },
    chainId: Number(elsewhere ?? network.chainId),
    approve: query.has("autoapprove") ? () => true : approve,
  });
  // As an extension does: a site that was connected stays connected over a reload.
  const key = "dev-wallet-connected";
  if (sessionStorage.getItem(key)) provider.user.connect();
  provider.on("accountsChanged", (accounts: string[]) => (accounts.length ? sessionStorage.setItem(key, "1") : sessionStorage.removeItem(key)));
  const info = Object.freeze({ uuid: crypto.randomUUID(), name: "Development wallet", icon: ICON, rdns: "dev.ogkit.wallet" });
  const announce = (): void => {
    window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
  };
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
}
