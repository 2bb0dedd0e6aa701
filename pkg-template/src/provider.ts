/**
 * Providers are foreign objects, often proxies of another context: looking at one may throw.
 */

import type { Eip1193Provider } from "./wasm/ogpu/ogkit.js";

/** A wallet that announced itself. */
export interface DiscoveredWallet {
  /** Its id until the page is left. */
  readonly uuid: string;
  /** At most 200 characters, of any kind. */
  readonly name: string;
  /** A `data:image/…` URI of at most 128 KiB, or empty. It may be SVG with script in it: only ever show it in `<img>`. */
  readonly icon: string;
  /** Its reverse domain name, by which to remember the user's choice. */
  readonly rdns: string;
  readonly provider: Eip1193Provider;
}

/** A property of a foreign object: a getter may throw, and a proxy may be revoked. */
export function read(value: unknown, key: PropertyKey): unknown {
  try {
    return (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}

/** Whether a value has what every provider has: `request`. */
export function isProvider(value: unknown): value is Eip1193Provider {
  return typeof value === "object" && value !== null && typeof read(value, "request") === "function";
}

/** The provider of a discovered wallet, or the provider itself. */
export function unwrapWallet(wallet: Eip1193Provider | DiscoveredWallet): Eip1193Provider {
  const provider = read(wallet, "provider");
  return isProvider(provider) && typeof read(wallet, "uuid") === "string" ? provider : (wallet as Eip1193Provider);
}
