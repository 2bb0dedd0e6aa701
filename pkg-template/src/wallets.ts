/**
 * Finding wallets in the page: EIP-6963, then `window.ethereum`. Plain TypeScript, because the listener must be there
 * before any WebAssembly is. What a wallet says of itself (name, icon, rdns) is unproven; show icons in `<img>` only.
 */

import { bag, callable, guarded, quiet, signalOf } from "./border.js";
import { invalidInput } from "./errors.js";
import { isProvider, read, type DiscoveredWallet } from "./provider.js";

export type { DiscoveredWallet } from "./provider.js";

type Page = EventTarget & { ethereum?: unknown };
type Listener = (wallets: readonly DiscoveredWallet[]) => void;

/** Characters of a name or an rdns, and of an icon. */
const MAX_TEXT = 200;
const MAX_ICON = 128 * 1024;
/** Announcements that are kept, and those with the same rdns or the same provider among them. */
const MAX_WALLETS = 128;
const MAX_ALIKE = 8;
/** Entries of `window.ethereum.providers` that are looked at. */
const MAX_INJECTED = 16;
/** So many changes in a second are told one by one; what is beyond is told together, so many milliseconds later. */
const BURST = 20;
const TOGETHER_MS = 100;

/** By uuid, in the order of their announcement. */
const found = new Map<string, DiscoveredWallet>();
const listeners = new Set<Listener>();
let listening: Page | undefined;
/** Whether an announcement had to go since wallets were last asked to announce themselves. */
let crowded = false;

function text(value: unknown): string {
  // Half a character at the end would be shown as a black diamond.
  return typeof value === "string" ? value.slice(0, MAX_TEXT).replace(/[\uD800-\uDBFF]$/, "") : "";
}

/** Only an image that is in the URI itself: anything else would be fetched, or run. */
function image(value: unknown): string {
  return typeof value === "string" && value.startsWith("data:image/") && value.length <= MAX_ICON ? value : "";
}

/** A wallet may be any size of liar: take only what is expected, and cut it. */
function announced(event: Event): void {
  const detail = read(event, "detail");
  const [info, provider] = [read(detail, "info"), read(detail, "provider")];
  const uuid = text(read(info, "uuid"));
  if (!uuid || !isProvider(provider) || found.has(uuid)) return;
  const name = text(read(info, "name")) || "Wallet";
  keep(Object.freeze({ uuid, name, icon: image(read(info, "icon")), rdns: text(read(info, "rdns")), provider }));
  tell();
}

/**
 * Adds a wallet. In a flood the first announcements stay and the latest too, and what is between goes: a wallet that was there before
 * the flood is still listed, and so is one that comes after it. One rdns, or one provider under many names, crowds out only itself.
 */
function keep(wallet: DiscoveredWallet): void {
  const all = [...found.values()];
  const alike = all.filter(({ rdns, provider }) => rdns === wallet.rdns || provider === wallet.provider);
  const goes = alike.length >= MAX_ALIKE ? alike[MAX_ALIKE / 2] : all.length >= MAX_WALLETS ? all[MAX_WALLETS / 2] : undefined;
  if (goes) {
    found.delete(goes.uuid);
    crowded = true;
  }
  found.set(wallet.uuid, wallet);
}

/** Longer timers fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

let told = 0;
let since = 0;
let together: ReturnType<typeof setTimeout> | undefined;

/** Tells the listeners, in a flood only now and then. */
function tell(): void {
  const now = Date.now();
  if (now - since >= 1000) [since, told] = [now, 0];
  if (told++ < BURST) return tellNow();
  together ??= setTimeout(() => {
    together = undefined;
    tellNow();
  }, TOGETHER_MS);
}

function tellNow(): void {
  for (const listener of [...listeners]) {
    try {
      listener(wallets());
    } catch (error) {
      // It keeps nothing from the other listeners; the page learns of it as of any error that nobody caught.
      if (typeof reportError === "function") reportError(error);
      else console.error(error);
    }
  }
}

/** What `window.ethereum` holds, when nobody announced that very provider. */
function injected(): DiscoveredWallet[] {
  const ethereum = read(listening, "ethereum");
  const several = read(ethereum, "providers");
  const length = read(several, "length");
  const count = typeof length === "number" ? Math.min(length, MAX_INJECTED) : 0;
  const candidates = Array.from({ length: count }, (_, index) => read(several, index)).filter(isProvider);
  if (candidates.length === 0 && isProvider(ethereum)) candidates.push(ethereum);
  return [...new Set(candidates)].map((provider, index) =>
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
    listening.addEventListener("ethereum#initialized", tell);
  }
  ask(listening);
  return listening;
}

/** Wallets announce themselves, again too. */
function ask(page: Page): void {
  crowded = false;
  page.dispatchEvent(new Event("eip6963:requestProvider"));
}

/**
 * The wallets in this page: those that announce themselves within `timeout` milliseconds (default 300; up to ten times
 * as long while there is none at all), else `window.ethereum`. None in Node and workers. At most 128: of more announcements the first
 * and the latest are listed, and at most eight of one `rdns` or one provider.
 */
export async function discoverWallets(options?: { timeout?: number; signal?: AbortSignal }): Promise<DiscoveredWallet[]> {
  const { timeout = 300, signal: given } = bag(options, "options");
  if (typeof timeout !== "number" || !(timeout >= 0)) throw invalidInput("options.timeout", "expected milliseconds");
  const signal = signalOf(given, "options.signal");
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const page = listen();
    if (!page) return resolve([]);
    let waited = false;
    const end = (settle: () => void): void => {
      clearTimeout(first);
      clearTimeout(last);
      listeners.delete(late);
      signal?.removeEventListener("abort", abort);
      settle();
    };
    const finish = (): void =>
      end(() => {
        // A wallet that a flood has pushed out comes back as one of the latest.
        if (crowded) ask(page);
        resolve([...wallets()]);
      });
    const abort = (): void => end(() => reject(signal?.reason));
    const late = (): void => {
      if (waited && wallets().length > 0) finish();
    };
    const first = setTimeout(() => {
      waited = true;
      late();
    }, Math.min(timeout, MAX_TIMER_MS));
    const last = setTimeout(finish, Math.min(timeout * 10, MAX_TIMER_MS));
    listeners.add(late);
    signal?.addEventListener("abort", abort);
  });
}

/**
 * Tells the wallets at once and again whenever one more announces itself; in a flood of announcements several times a second at most.
 * Answers a function that ends it.
 */
export function watchWallets(listener: (wallets: readonly DiscoveredWallet[]) => void): () => void {
  callable(listener, "listener");
  listeners.add(listener);
  listen();
  guarded("listener", () => quiet(listener as (...values: unknown[]) => unknown)(wallets()));
  return () => void listeners.delete(listener);
}
