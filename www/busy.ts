/** A form that does one thing at a time, says what it waits for, can be cancelled, and shows its failure. */

import type { Progress } from "ogkit/ogpu";

import { el } from "./dom.js";
import { notice } from "./errors.js";
import { logRejected } from "./log.js";

/** What a job is given. */
export interface Job {
  signal: AbortSignal;
  onProgress: (step: Progress) => void;
}

function words(step: Progress): string {
  switch (step.kind) {
    case "hashing": return "Reading the file…";
    case "uploading": return "Storing the document on IPFS…";
    case "uploaded": return "Checking that the transaction will succeed…";
    case "simulated": return "Checked. Opening your wallet…";
    case "waitingForWindow": return "Another request is open in your wallet. Answer that one first…";
    case "nonceReused": return "An earlier request of yours may still go through. At most one of both will…";
    case "signing": return "Please confirm in your wallet…";
    case "searching": return "Your wallet did not say whether it sent. Looking on the chain…";
    case "awaitingApproval": return "Waiting for the other owners of your account…";
    case "sent": return "Sent. Waiting for the block…";
    case "retrying": return `Trying again (${step.attempt})…`;
    case "nonceIgnored": return "Your wallet chose its own transaction number. Waiting for the block…";
    case "replaced": return "You sped the transaction up. Waiting for the block…";
    case "confirming": return `In a block. Waiting for ${step.confirmations} confirmations…`;
    case "reorganised": return "The chain took that block back. Looking again…";
    case "mined": return "Done.";
    case "deployed": return "Deployed.";
    case "scheduling": return "Setting up the schedule…";
  }
}

/**
 * Adds the submit button, the cancel button and the place for messages to a form; `say` tells what is waited for. What is returned
 * blocks the button and says why, and without a reason frees it. A request that the wallet's owner rejects is logged as `rejected`, unless that is empty.
 */
export function job(
  form: HTMLFormElement,
  label: string,
  testid: string,
  work: (job: Job, say: (text: string) => void) => Promise<void>,
  rejected = `You rejected in your wallet: ${label}`,
): (reason?: string) => void {
  let running = false;
  let blocked: string | undefined;
  const submit = el("button", { type: "submit", "data-testid": testid }, label);
  const cancel = el("button", { type: "button", class: "plain", hidden: true, "data-testid": `${testid}-cancel` }, "Cancel");
  const message = el("p", { class: "quiet", role: "status", hidden: true });
  form.append(el("div", { class: "row" }, submit, cancel), message);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run();
  });
  const run = async (): Promise<void> => {
    if (submit.disabled) return;
    running = true;
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    cancel.addEventListener("click", abort);
    form.querySelector(".notice")?.remove();
    submit.disabled = true;
    submit.classList.add("busy");
    cancel.hidden = message.hidden = false;
    message.textContent = "Preparing…";
    try {
      const say = (text: string): void => void (message.textContent = text);
      await work({ signal: controller.signal, onProgress: (step) => say(words(step)) }, say);
    } catch (error) {
      form.append(notice(error));
      if (rejected) logRejected(error, rejected);
    } finally {
      cancel.removeEventListener("click", abort);
      running = false;
      submit.classList.remove("busy");
      cancel.hidden = true;
      rest();
    }
  };
  const rest = (): void => {
    if (running) return;
    submit.disabled = blocked !== undefined;
    message.hidden = blocked === undefined;
    message.textContent = blocked ?? "";
  };
  return (reason) => {
    blocked = reason;
    rest();
  };
}

/** A field's text. */
export function value(form: HTMLFormElement, name: string): string {
  const found = new FormData(form).get(name);
  return typeof found === "string" ? found.trim() : "";
}
