/** Pick a wallet, see its OPG and what this page may spend of it. */

import { OpenGradient, type DiscoveredWallet, type OpenGradientNetwork } from "ogkit/opengradient";

import { el, section, short } from "../dom.js";
import { notice } from "../errors.js";
import { log, logRejected } from "../log.js";
import { picker } from "../picker.js";
import { explorer, keep, state } from "../state.js";
import { opg } from "./opg.js";
import { confirmPayment } from "./payment.js";

const card = section("wallet");
const figures = {
  balance: el("dd", { "data-testid": "opg-balance" }, "…"),
  allowance: el("dd", { "data-testid": "opg-allowance" }, "…"),
  spent: el("dd", { "data-testid": "opg-spent" }, "…"),
};

/** Shows the picker; `connected` is called whenever there is a new client, with what reads the figures anew and gives the allowance. */
export function connectScreen(network: OpenGradientNetwork, connected: (og: OpenGradient, refresh: () => Promise<bigint | undefined>) => void): void {
  const place = el("div", {});
  let current: OpenGradient | undefined;
  const connect = async (wallet: DiscoveredWallet, button?: HTMLButtonElement): Promise<void> => {
    place.replaceChildren(el("p", { class: "quiet", role: "status" }, "Please confirm in your wallet…"));
    if (button) button.disabled = true;
    try {
      current?.close();
      // Text is shown as it is written, and marked once its proof is there.
      const og = (current = await OpenGradient.connect({ wallet, network, verify: "final", onPayment: confirmPayment }));
      keep({ rdns: wallet.rdns });
      stop();
      og.on("accountsChanged", (accounts) => {
        if (accounts[0]?.toLowerCase() !== og.account.toLowerCase()) location.reload();
      });
      const refresh = async (): Promise<bigint> => {
        const [{ balance, allowance }, spent] = await Promise.all([og.llm.getOpgState(), og.spent()]);
        figures.balance.textContent = opg(balance);
        figures.allowance.textContent = opg(allowance);
        figures.spent.textContent = opg(spent);
        return allowance;
      };
      state.explorerUrl = network.payments.explorerUrl;
      overview(wallet, og);
      log(`Connected to ${network.payments.name ?? network.name}`);
      connected(og, () => refresh().catch(() => void (figures.balance.textContent = "cannot be read right now")));
    } catch (error) {
      place.replaceChildren(notice(error));
      logRejected(error, "You rejected the connection in your wallet");
    } finally {
      if (button) button.disabled = false;
    }
  };
  const { list, none, stop } = picker(connect);
  card.replaceChildren(el("h2", { id: "wallet-title" }, "1 · Connect your wallet"), none, list, place);
}

function overview(wallet: DiscoveredWallet, { network, account }: OpenGradient): void {
  const { chainId, name = network.name } = network.payments;
  card.replaceChildren(
    el("h2", { id: "wallet-title" }, "1 · Your wallet"),
    el("dl", {},
      el("dt", {}, "Wallet"), el("dd", {}, wallet.name),
      el("dt", {}, "Payments"), el("dd", { "data-testid": "network" }, `${name} (chain ${chainId})`),
      el("dt", {}, "Account"), el("dd", {}, short(account, explorer("address", account))),
      el("dt", {}, "Balance"), figures.balance,
      el("dt", {}, "Approved"), figures.allowance,
      el("dt", {}, "Signed here"), figures.spent),
    el("p", { class: "quiet" }, "This page can sign for at most 0.1 OPG a payment, 2 OPG an hour and 5 OPG in all. What a session does not use comes back once it has ended."),
    el("button", { type: "button", class: "plain", click: () => { sessionStorage.clear(); location.reload(); } }, "Disconnect"),
  );
}
