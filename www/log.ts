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

/** Adds a line with what it is about: a transaction's hash, which links to the explorer, or another long word. */
export function log(text: string, about?: string): void {
  showLog();
  const time = el("time", {}, new Date().toLocaleTimeString());
  list.append(el("li", { class: "good" }, el("span", {}, text, about ? " " : undefined, about ? short(about, about.startsWith("0x") ? explorer("tx", about) : undefined) : undefined), time));
}
