/** The vault: what tasks are paid from. */

import { formatEther, parseEther } from "ogkit/ogpu";

import { job, value } from "./busy.js";
import { el, field, section } from "./dom.js";
import { log } from "./log.js";
import { state } from "./state.js";

const figure = el("dd", { "data-testid": "vault-balance" }, "…");

/** Reads the balance again. */
export async function refreshVault(): Promise<bigint> {
  const { ogpu } = state;
  if (!ogpu?.account) return 0n;
  const balance = await ogpu.vault.getBalanceOf(ogpu.account);
  figure.textContent = `${formatEther(balance)} OGPU`;
  return balance;
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
    await refreshVault();
  });
  card.replaceChildren(
    el("h2", { id: "vault-title" }, "2 · Your vault"),
    el("p", { class: "quiet" }, "A task's payment is set aside out of your vault balance, and goes to the provider only when you confirm the answer."),
    el("dl", {}, el("dt", {}, "Vault balance"), figure),
    form,
  );
  void refreshVault().catch(() => (figure.textContent = "cannot be read right now"));
}
