/** Publish a service, publish a task. */

import { parseEther, type Address, type Task } from "ogkit/ogpu";

import { job, value } from "./busy.js";
import { el, field, section, short } from "./dom.js";
import { log } from "./log.js";
import { explorer, keep, kept, state } from "./state.js";
import { refreshBalances } from "./vault.js";

/** The form that publishes a source. */
export function sourceScreen(published: (address: Address) => void): void {
  const card = section("source");
  card.hidden = false;
  const current = el("p", { "data-testid": "source-address" });
  const show = (address: string): void => current.replaceChildren("Published at ", short(address, explorer("address", address)));
  const form = el("form", { "aria-label": "Publish a service" },
    field("Name", "name", "Sentiment"),
    field("What it does", "description", "Tells what people feel in a text"),
    field("docker-compose file (URL)", "cpu", "https://example.com/docker-compose.yml", { type: "url" }),
    el("div", { class: "row" }, field("Least payment, OGPU", "minPayment", "0.001", { inputmode: "decimal" }), field("Longest life of a task, minutes", "minutes", "1440", { inputmode: "numeric" })));
  job(form, "Publish the service", "publish-source", async (options) => {
    const source = await state.ogpu?.publishSource({
      name: value(form, "name"),
      description: value(form, "description"),
      logoUrl: "",
      imageEnvs: { cpu: value(form, "cpu") },
      minPayment: parseEther(value(form, "minPayment")),
      minAvailableLockup: parseEther("0.01"),
      maxExpiryDuration: Number(value(form, "minutes")) * 60,
    }, options);
    if (!source) return;
    keep({ source: source.address });
    log("Source published", source.receipt?.hash);
    await refreshBalances();
    show(source.address);
    published(source.address);
  });
  card.replaceChildren(el("h2", { id: "source-title" }, "3 · Publish a service"), current, form);
  const known = kept().source;
  if (known) show(known);
}

/** The form that publishes a task. */
export function taskScreen(published: (task: Task) => void): { use(source: string): void } {
  const card = section("task");
  card.hidden = false;
  const form = el("form", { "aria-label": "Publish a task" },
    field("Service (address)", "source", kept().source ?? "", { class: "mono", placeholder: "0x…", spellcheck: "false" }),
    el("label", {}, "Text", el("textarea", { name: "text", required: true }, "I love this product!")),
    el("div", { class: "row" }, field("Payment, OGPU", "payment", "0.01", { inputmode: "decimal" }), field("Deadline, minutes from now", "minutes", "60", { inputmode: "numeric" })));
  job(form, "Publish the task", "publish-task", async (options) => {
    const task = await state.ogpu?.publishTask({
      source: value(form, "source") as Address,
      config: { functionName: "predict", data: { text: value(form, "text") } },
      expiryTime: Math.floor(Date.now() / 1000) + Number(value(form, "minutes")) * 60,
      payment: parseEther(value(form, "payment")),
    }, options);
    if (!task) return;
    keep({ task: task.address });
    location.hash = `task=${task.address}`;
    log("Task published", task.receipt?.hash);
    await refreshBalances();
    published(task);
  });
  card.replaceChildren(el("h2", { id: "task-title" }, "4 · Publish a task"), form);
  return {
    use(source) {
      const input = form.elements.namedItem("source");
      if (input instanceof HTMLInputElement) input.value = source;
    },
  };
}
