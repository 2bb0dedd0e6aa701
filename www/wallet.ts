/** Pick a wallet, connect, see network and balance. */

import { Ogpu, type DiscoveredWallet, type Network } from "ogkit/ogpu";

import { amount, el, section, short } from "./dom.js";
import { notice } from "./errors.js";
import { log, logRejected } from "./log.js";
import { picker } from "./picker.js";
import { explorer, keep, state } from "./state.js";

const card = section("wallet");

/** Shows the picker; `connected` is called whenever there is a new client. */
export function walletScreen(networks: readonly Network[], connected: () => void): void {
  const choice = el("select", { name: "network" }, ...networks.map((network) => el("option", { value: network.name }, `${network.name} (chain ${network.chainId})`)));
  const place = el("div", {});
  const connect = async (wallet: DiscoveredWallet, button?: HTMLButtonElement): Promise<void> => {
    const network = networks[choice.selectedIndex] ?? networks[0];
    if (!network) return;
    place.replaceChildren(el("p", { class: "quiet", role: "status" }, "Please confirm in your wallet…"));
    if (button) button.disabled = true;
    try {
      state.ogpu?.free();
      state.ogpu = await Ogpu.connect({ wallet, network });
      state.network = network;
      state.explorerUrl = network.explorerUrl;
      keep({ rdns: wallet.rdns });
      stop();
      follow(wallet);
      await overview(wallet);
      log(`Connected to ${network.name}`);
      connected();
    } catch (error) {
      place.replaceChildren(notice(error));
      logRejected(error, "You rejected the connection in your wallet");
    } finally {
      if (button) button.disabled = false;
    }
  };
  const { list, none, stop } = picker(connect);
  card.replaceChildren(el("h2", { id: "wallet-title" }, "1 · Connect your wallet"), networks.length > 1 ? el("label", {}, "Network", choice) : "", none, list, place);
}

const balance = el("dd", { "data-testid": "balance" });

/** The native balance, in wei. */
export function showBalance(wei: bigint): void {
  balance.textContent = amount(wei);
}

async function overview(wallet: DiscoveredWallet): Promise<void> {
  const { ogpu, network } = state;
  if (!ogpu?.account || !network) return;
  showBalance(await ogpu.getBalance());
  card.replaceChildren(
    el("h2", { id: "wallet-title" }, "1 · Your wallet"),
    el("dl", {},
      el("dt", {}, "Wallet"), el("dd", {}, wallet.name),
      el("dt", {}, "Network"), el("dd", { "data-testid": "network" }, `${network.name} (chain ${network.chainId})`),
      el("dt", {}, "Account"), el("dd", { "data-testid": "account" }, short(ogpu.account, explorer("address", ogpu.account))),
      el("dt", {}, "Balance"), balance),
    el("button", { type: "button", class: "plain", click: () => { sessionStorage.clear(); location.reload(); } }, "Disconnect"),
  );
}

/** The user's own changes in the wallet. */
function follow(wallet: DiscoveredWallet): void {
  state.ogpu?.on("accountsChanged", (accounts: string[]) => {
    if (accounts[0]?.toLowerCase() !== state.ogpu?.account?.toLowerCase()) location.reload();
  });
  state.ogpu?.on("chainChanged", (chainId: number) => {
    const right = chainId === state.network?.chainId;
    log(right ? "The wallet is on the right network" : `The wallet went to chain ${chainId}; it will be asked to come back before the next transaction`);
    void overview(wallet);
  });
}
