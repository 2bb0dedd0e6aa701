/** What the screens share, and what survives a reload. */

import type { Network, Ogpu } from "ogkit/ogpu";

/** The client and what is worked on. */
export interface State {
  ogpu?: Ogpu;
  network?: Network;
  /** The explorer of the chain that is paid on. */
  explorerUrl?: string | undefined;
}

export const state: State = {};

type Kept = { rdns?: string; source?: string; task?: string };
const KEY = "ogkit-demo";

/** Kept for this tab and chain: a reload in the middle finds its task again. */
export function kept(): Kept {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Kept;
  } catch {
    return {};
  }
}

export function keep(more: Kept): void {
  sessionStorage.setItem(KEY, JSON.stringify({ ...kept(), ...more }));
}

/** A link to the network's explorer, where there is one. */
export function explorer(kind: "tx" | "address", value: string): string | undefined {
  const base = state.explorerUrl;
  return base ? `${base.replace(/\/$/, "")}/${kind}/${value}` : undefined;
}
