/** The log: every step and event as it arrives, and everything that was signed or refused. */

import { isOgError } from "ogkit/ogpu";

import { el, section, short } from "./dom.js";
import { explorer } from "./state.js";

const list = el("ol", { class: "steps", "aria-live": "polite", "data-testid": "log" });

export function showLog(): void {
  const card = section("log");
  if (!card.hidden) return;
  card.hidden = false;
  card.append(el("h2", { id: "log-title" }, "What happened"), list);
}

/** Adds a line with what it is about: a transaction's hash or an address, which link to the explorer, or another long word. */
export function log(text: string, about?: string, sign: "good" | "bad" = "good"): void {
  showLog();
  const time = el("time", {}, new Date().toLocaleTimeString());
  const link = about?.startsWith("0x") ? explorer(about.length === 42 ? "address" : "tx", about) : undefined;
  list.append(el("li", { class: sign }, el("span", {}, text, about && " ", about && short(about, link)), time));
}

/** Adds a line where it was the wallet's owner who refused. */
export function logRejected(error: unknown, text: string): void {
  if (isOgError(error) && error.code === "walletRejected") log(text, undefined, "bad");
}
