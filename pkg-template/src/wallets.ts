/**
 * Finding wallets in the page: EIP-6963, then `window.ethereum`. Plain TypeScript, because the listener must be there
 * before any WebAssembly is. What a wallet says of itself (name, icon, rdns) is unproven; show icons in `<img>` only.
 */

import type { Eip1193Provider } from "./wasm/ogpu/ogkit.js";

/** A wallet that announced itself. */
export interface DiscoveredWallet {
  /** Its id until the page is left. */
  readonly uuid: string;
  readonly name: string;
  /** A `data:` URI, or empty. It may be SVG with script in it: only ever show it in `<img>`. */
  readonly icon: string;
  /** Its reverse domain name, by which to remember the user's choice. */
  readonly rdns: string;
  readonly provider: Eip1193Provider;
}

type Page = EventTarget & { ethereum?: unknown };
type Listener = (wallets: readonly DiscoveredWallet[]) => void;

const found = new Map<string, DiscoveredWallet>();
const listeners = new Set<Listener>();
let listening: Page | undefined;

function isProvider(value: unknown): value is Eip1193Provider {
  return typeof value === "object" && value !== null && typeof (value as { request?: unknown }).request === "function";
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 200) : "";
}

/** A wallet may be any size of liar: take only what is expected, and cut it. */
function announced(event: Event): void {
  const detail: unknown = (event as CustomEvent<unknown>).detail;
  if (typeof detail !== "object" || detail === null) return;
  const { info, provider } = detail as { info?: Record<string, unknown>; provider?: unknown };
  if (typeof info !== "object" || info === null || !isProvider(provider)) return;
  const uuid = text(info.uuid);
  if (!uuid || found.has(uuid) || found.size >= 100) return;
  const icon = typeof info.icon === "string" && info.icon.startsWith("data:image/") ? info.icon : "";
  found.set(uuid, Object.freeze({ uuid, name: text(info.name) || "Wallet", icon, rdns: text(info.rdns), provider }));
  for (const listener of [...listeners]) listener(wallets());
}

/** What `window.ethereum` holds, when nobody announced that very provider. */
function injected(): DiscoveredWallet[] {
  const ethereum: unknown = listening?.ethereum;
  const several = (ethereum as { providers?: unknown } | undefined)?.providers;
  const candidates: unknown[] = Array.isArray(several) ? several : [ethereum];
  const known = new Set([...found.values()].map((wallet) => wallet.provider));
  return candidates
    .filter(isProvider)
    .filter((provider) => !known.has(provider))
    .map((provider, index) =>
      Object.freeze({ uuid: `window.ethereum-${index}`, name: "Browser wallet", icon: "", rdns: "window.ethereum", provider }),
    );
}

function wallets(): readonly DiscoveredWallet[] {
  // Wallets that announce themselves usually sit at window.ethereum too, behind another proxy: then that one is noise.
  return found.size > 0 ? [...found.values()] : injected();
}

function listen(): Page | undefined {
  if (typeof window === "undefined" || typeof window.addEventListener !== "function") return undefined;
  if (!listening) {
    listening = window as unknown as Page;
    // Never removed: wallets announce themselves late and again.
    listening.addEventListener("eip6963:announceProvider", announced);
    listening.addEventListener("ethereum#initialized", () => {
      for (const listener of [...listeners]) listener(wallets());
    });
  }
  listening.dispatchEvent(new Event("eip6963:requestProvider"));
  return listening;
}

/**
 * The wallets in this page: those that announce themselves within `timeout` milliseconds (default 300; up to ten times
 * as long while there is none at all), else `window.ethereum`. None in Node and workers.
 */
export function discoverWallets(options: { timeout?: number; signal?: AbortSignal } = {}): Promise<DiscoveredWallet[]> {
  const { timeout = 300, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    if (!listen()) return resolve([]);
    let waited = false;
    const end = (settle: () => void): void => {
      clearTimeout(first);
      clearTimeout(last);
      listeners.delete(late);
      signal?.removeEventListener("abort", abort);
      settle();
    };
    const finish = (): void => end(() => resolve([...wallets()]));
    const abort = (): void => end(() => reject(signal?.reason));
    const late = (): void => {
      if (waited && wallets().length > 0) finish();
    };
    const first = setTimeout(() => {
      waited = true;
      late();
    }, timeout);
    const last = setTimeout(finish, timeout * 10);
    listeners.add(late);
    signal?.addEventListener("abort", abort);
  });
}

/** Tells the wallets at once and again whenever one more announces itself. Answers a function that ends it. */
export function watchWallets(listener: (wallets: readonly DiscoveredWallet[]) => void): () => void {
  listeners.add(listener);
  listen();
  listener(wallets());
  return () => void listeners.delete(listener);
}

/** The provider of a discovered wallet, or the provider itself. */
export function unwrapWallet(wallet: Eip1193Provider | DiscoveredWallet): Eip1193Provider {
  return typeof wallet === "object" && wallet !== null && "provider" in wallet && isProvider(wallet.provider) && "uuid" in wallet
    ? wallet.provider
    : (wallet as Eip1193Provider);
}
