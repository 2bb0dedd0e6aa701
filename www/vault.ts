/** The vault: what tasks are paid from. */

import { parseEther } from "ogkit/ogpu";

import { job, value } from "./busy.js";
import { amount, el, field, section } from "./dom.js";
import { log } from "./log.js";
import { state } from "./state.js";
import { showBalance } from "./wallet.js";

const figure = el("dd", { "data-testid": "vault-balance" }, "…");

/** Reads the vault's and the wallet's balance again. */
export async function refreshBalances(): Promise<void> {
  const { ogpu } = state;
  if (!ogpu?.account) return;
  const [vault, wallet] = await Promise.all([ogpu.vault.getBalanceOf(ogpu.account), ogpu.getBalance()]);
  figure.textContent = amount(vault);
  showBalance(wallet);
}

export function vaultScreen(): void {
  const card = section("vault");
  card.hidden = false;
  const form = el("form", { "aria-label": "Deposit" }, field("Amount to deposit, OGPU", "amount", "1", { inputmode: "decimal" }));
  job(form, "Deposit", "deposit", async (options) => {
    const { ogpu } = state;
    if (!ogpu?.account) return;
    const receipt = await ogpu.vault.deposit(ogpu.account, parseEther(value(form, "amount")), options);
    log(`Deposited ${value(form, "amount")} OGPU`, receipt.hash);
    await refreshBalances();
  });
  card.replaceChildren(
    el("h2", { id: "vault-title" }, "2 · Your vault"),
    el("p", { class: "quiet" }, "A task's payment is set aside out of your vault balance, and goes to the provider only when you confirm the answer."),
    el("dl", {}, el("dt", {}, "Vault balance"), figure),
    form,
  );
  void refreshBalances().catch(() => (figure.textContent = "cannot be read right now"));
}
