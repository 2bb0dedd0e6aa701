/** The wallets of this browser, as buttons. */

import { watchWallets, type DiscoveredWallet } from "ogkit/ogpu";

import { el } from "./dom.js";
import { kept } from "./state.js";

/** What a picker is made of; `stop` ends its looking for more wallets. */
export interface Picker {
  list: HTMLElement;
  none: HTMLElement;
  stop: () => void;
}

/** Lists wallets as they announce themselves. After a reload, one that still shares its account needs no window. */
export function picker(connect: (wallet: DiscoveredWallet, button?: HTMLButtonElement) => Promise<void>): Picker {
  const list = el("ul", { class: "wallets", "data-testid": "wallets" });
  const none = el("p", { class: "quiet" }, "Looking for wallets… If none appears, install one (MetaMask, Rabby and others work) and reload.");
  let resumed = false;
  const stop = watchWallets((wallets) => {
    none.hidden = wallets.length > 0;
    list.replaceChildren(
      ...wallets.map((wallet) => {
        const icon = wallet.icon ? el("img", { src: wallet.icon, alt: "" }) : el("span", { class: "blank" });
        const button = el("button", { type: "button", "data-testid": `wallet-${wallet.rdns}`, click: () => void connect(wallet, button) }, icon, wallet.name);
        return el("li", {}, button);
      }),
    );
    const last = wallets.find((wallet) => wallet.rdns === kept().rdns);
    if (last && !resumed) {
      resumed = true;
      // Whatever this wallet throws, others can still be chosen.
      const accounts = Promise.resolve().then(() => last.provider.request({ method: "eth_accounts" })).catch(() => []);
      void accounts.then((shown) => (Array.isArray(shown) && shown.length > 0 ? connect(last) : undefined));
    }
  });
  return { list, none, stop };
}
