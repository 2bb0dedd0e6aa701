/** Lets Permit2 move some of the account's OPG: once, before the first payment. */

import { formatEther, parseEther, type OpenGradient } from "ogkit/opengradient";

import { job, value } from "../busy.js";
import { el, field, section } from "../dom.js";
import { log } from "../log.js";

export function approvalScreen(og: OpenGradient, refresh: () => Promise<void>): void {
  const card = section("approval");
  card.hidden = false;
  const done = el("p", { class: "proof", role: "status", "data-testid": "approved", hidden: true });
  const form = el("form", { "aria-label": "Approve" }, field("Approve payments up to, OPG", "amount", "1", { inputmode: "decimal" }));
  job(form, "Approve", "approve", async (options) => {
    const amount = parseEther(value(form, "amount"));
    const { allowanceAfter, txHash } = await og.llm.ensureOpgApproval({ minAllowance: amount, approveAmount: amount, ...options });
    if (txHash) log(`Payments of up to ${formatEther(allowanceAfter)} OPG approved`, txHash);
    await refresh();
    done.textContent = txHash ? `✓ Approved: payments may move ${formatEther(allowanceAfter)} OPG` : `✓ Nothing to do: ${formatEther(allowanceAfter)} OPG are approved already`;
    done.hidden = false;
  }, "You rejected the approval in your wallet");
  card.replaceChildren(
    el("h2", { id: "approval-title" }, "2 · Approve payments"),
    el("p", { class: "quiet" }, "Payments go through Permit2, a contract that moves your OPG only with your signature for each payment. It needs an allowance first."),
    form, done,
  );
  void refresh();
}
