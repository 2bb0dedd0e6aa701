/** Watch a task, read its responses with their proof, confirm one, see the payment move. */

import { formatEther, type OgpuEvent, type Response, type Task, type TaskSnapshot } from "ogkit/ogpu";

import { job } from "./busy.js";
import { el, section, short } from "./dom.js";
import { notice } from "./errors.js";
import { log } from "./log.js";
import { explorer, state } from "./state.js";
import { refreshBalances } from "./vault.js";

let watching = new AbortController();

function told(event: OgpuEvent): void {
  switch (event.type) {
    case "attempted": return log(`Attempt: a provider took the task for ${formatEther(event.suggestedPayment)} OGPU`, event.transactionHash);
    case "responseSubmitted": return log("Response: a provider answered", event.transactionHash);
    case "taskStatusChanged": return log(`The task is ${event.status.toLowerCase()}`, event.transactionHash);
    case "responseStatusChanged": return log("The response is confirmed on chain", event.transactionHash);
    default: return;
  }
}

/** Follows a task until the page is left or another task is followed. */
export async function followTask(task: Task): Promise<void> {
  watching.abort();
  watching = new AbortController();
  const { signal } = watching;
  const card = section("responses");
  card.hidden = false;
  const status = el("p", { "data-testid": "task-status" }, "…");
  const list = el("div", { "data-testid": "responses" }, el("p", { class: "quiet busy", role: "status" }, "Waiting for a provider…"));
  card.replaceChildren(el("h2", { id: "responses-title" }, "5 · Answers"), el("p", {}, "Task ", short(task.address, explorer("address", task.address))), status, list);

  const shown = new Set<string>();
  const refresh = async (): Promise<void> => {
    const [snapshot, responses] = await Promise.all([task.snapshot({ signal }), task.getResponses(undefined, undefined, { signal })]);
    status.textContent = words(snapshot);
    for (const response of responses) {
      if (shown.has(response.address)) continue;
      if (shown.size === 0) list.replaceChildren();
      shown.add(response.address);
      list.append(await answer(response, snapshot));
    }
  };
  try {
    // A task that was published here brings its events from the first one on; another is read as it is now.
    if (!task.receipt) await refresh();
    for await (const event of task.watch({ signal, pollInterval: 1 })) {
      told(event);
      await refresh();
    }
  } catch (error) {
    if (!signal.aborted) list.append(notice(error));
  }
}

function words({ status, payment, expiryTime, attemptCount }: TaskSnapshot): string {
  const late = expiryTime * 1000 < Date.now() && status !== "FINALIZED" && status !== "CANCELED";
  return `${status.charAt(0)}${status.slice(1).toLowerCase()}${late ? ", past its deadline" : ""} · pays ${formatEther(payment)} OGPU · ${attemptCount} ${attemptCount === 1 ? "attempt" : "attempts"}`;
}

async function answer(response: Response, task: TaskSnapshot): Promise<HTMLElement> {
  const provider = response.provider ?? "";
  const place = el("div", { class: "response", "data-testid": "response" }, el("p", {}, "From ", short(provider, explorer("address", provider))));
  try {
    const content = await response.fetch();
    const payload: unknown = content.json();
    place.append(
      el("pre", { class: "answer", tabindex: "0", "data-testid": "answer" }, JSON.stringify(payload, null, 2)),
      el("p", { class: "proof", "data-testid": "proof" }, `✓ Verified: these ${content.size} bytes hash to their CID (${content.layout ?? ""})`),
      el("p", { class: "quiet" }, short(content.cid ?? "", content.url)),
    );
    log("CID verified:", content.cid);
  } catch (error) {
    place.append(notice(error));
    return place;
  }
  if (response.confirmed || task.status === "FINALIZED") {
    if (response.confirmed) place.append(el("p", { class: "proof" }, "✓ Confirmed and paid"));
    return place;
  }
  const form = el("form", { "aria-label": "Confirm the answer" });
  job(form, `Confirm and pay ${formatEther(task.payment)} OGPU`, "confirm", async (options) => {
    const { ogpu } = state;
    if (!ogpu || !response.provider) return;
    const before = await ogpu.vault.getAccount(response.provider);
    const receipt = await response.confirm(options);
    log("Confirmed", receipt.hash);
    const after = await ogpu.vault.getAccount(response.provider);
    const moved = formatEther(after.balance - before.balance);
    log(`Payment moved: the provider's vault balance grew by ${moved} OGPU`);
    form.replaceWith(el("p", { class: "proof", "data-testid": "paid" }, `✓ Confirmed and paid: ${moved} OGPU went to the provider`));
    await refreshBalances();
  });
  place.append(form);
  return place;
}
