/** The log: every step and event as it arrives, and every transaction that was signed. */

import { el, section, short } from "./dom.js";
import { explorer } from "./state.js";

const list = el("ol", { class: "steps", "aria-live": "polite", "data-testid": "log" });

export function showLog(): void {
  const card = section("log");
  if (!card.hidden) return;
  card.hidden = false;
  card.append(el("h2", { id: "log-title" }, "What happened"), list);
}

/** Adds a line; `hash` is a transaction. */
export function log(text: string, hash?: string): void {
  showLog();
  const time = el("time", {}, new Date().toLocaleTimeString());
  list.append(el("li", { class: "good" }, el("span", {}, text, hash ? " " : undefined, hash ? short(hash, explorer("tx", hash)) : undefined), time));
}
