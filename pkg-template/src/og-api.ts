/** The functions of `ogkit/opengradient`, over whichever way the WebAssembly is loaded. */

import { bag } from "./border.js";
import { lazyAlpha, bindAlpha, type AlphaApi } from "./alpha-api.js";
import { OpenGradient as Client, type OpenGradientOptions } from "./og-client.js";
import { invalidInput } from "./errors.js";
import { resolveOpenGradientNetwork } from "./og-networks.js";
import { bindFetchWithPayment, type FetchWithPayment } from "./og-payments.js";
import { relayFetch } from "./og-transport.js";
import { pinnedFetch } from "./pinned.js";
import { unwrapWallet } from "./provider.js";
import * as wasm from "./wasm/opengradient/ogkit.js";
import type { AlphaNetwork, FetchLike, ModelHubOptions, OpenGradientCore, OpenGradientNetwork, Tee, TwinsOptions } from "./wasm/opengradient/ogkit.js";

/** What `OpenGradient` offers before there is a client. */
export interface OpenGradientStatic {
  /**
   * Connects a wallet: it asks the user for accounts. No HTTP request; the chain is switched only when something is signed.
   * @throws WalletRejectedError, WalletRequestPendingError, WalletLockedError, InvalidInputError
   */
  connect(options: OpenGradientOptions): Promise<Client>;
  /** As `connect`; the official SDKs' name. */
  init(options: OpenGradientOptions): Promise<Client>;
  /**
   * The active enclaves of a network (default: mainnet), without a wallet. One HTTP request.
   * @throws TeeUnavailableError, InvalidInputError
   */
  tees(options?: { network?: "mainnet" | "testnet" | OpenGradientNetwork | undefined; signal?: AbortSignal | undefined }): Promise<Tee[]>;
}

/** How requests to enclaves go out. */
function transport(options: OpenGradientOptions, tees: () => Promise<Tee[]>): FetchLike | undefined {
  const { fetch, relay, tls = "pinned" } = options;
  if (tls !== "pinned" && tls !== "system") throw invalidInput("options.tls", 'expected "pinned" or "system"');
  if (fetch && relay !== undefined) throw invalidInput("options.relay", "expected either fetch or relay");
  if (fetch) return fetch;
  if (relay !== undefined) return relayFetch(relay);
  return tls === "pinned" ? pinnedFetch?.(tees) : undefined;
}

/** The chain that inference runs on, as the alpha network's client takes it. */
function alphaNetwork({ name, inference }: OpenGradientNetwork): AlphaNetwork {
  const { registry: _, ...rest } = inference;
  return { ...rest, name: inference.name ?? name };
}

/** Neither passwords nor keys go to the public services because a network of one's own names none. */
function unnamed(service: string): Error {
  return invalidInput("options.url", `expected a URL: this network names no ${service}; nothing was sent`);
}

/** A network's own services: what a call does not name itself is the network's. */
function servicesOf({ hub, twins }: OpenGradientNetwork, { ModelHub, Twins }: AlphaApi): Pick<AlphaApi, "ModelHub" | "Twins"> {
  return {
    ModelHub: Object.freeze({
      async login(options: ModelHubOptions) {
        const url = options?.url ?? hub?.url;
        if (url === undefined) throw unnamed("model hub");
        const { signInUrl = hub?.signInUrl, tokenUrl = hub?.tokenUrl, ...identity } = options?.identity ?? {};
        return ModelHub.login({ ...options, url, identity: { ...identity, signInUrl, tokenUrl } as ModelHubOptions["identity"] });
      },
    }),
    Twins: Object.freeze({
      async connect(options: TwinsOptions) {
        const url = options?.url ?? twins;
        if (url === undefined) throw unnamed("twins' service");
        return Twins.connect({ ...options, url });
      },
    }),
  };
}

/** Makes the functions; `load` is awaited before the WebAssembly is used. */
export function bind(load: () => Promise<void>): AlphaApi & {
  OpenGradient: OpenGradientStatic;
  fetchWithPayment: FetchWithPayment;
} {
  const services = bindAlpha(load);
  const connect = async (given: OpenGradientOptions): Promise<Client> => {
    const options = bag(given, "options");
    const { relay: _, tls: __, ...rest } = options;
    const network = resolveOpenGradientNetwork(options.network);
    const wallet = unwrapWallet(options.wallet);
    // Weak: the client holds this function, so that one which holds the client would keep it for ever.
    let known: WeakRef<OpenGradientCore> | undefined;
    const tees = async (): Promise<Tee[]> => {
      if (!known) return [];
      const core = known.deref();
      // An answer may still be on its way to a client that was dropped.
      return core ? core.tees() : wasm.activeTees(network, {});
    };
    const fetch = transport(options, tees);
    await load();
    const core = await wasm.OpenGradientCore.connect({ ...rest, wallet, network, fetch });
    known = new WeakRef(core);
    const alpha = lazyAlpha(load, { wallet, account: core.account, network: alphaNetwork(network) });
    return new Client(core, network, alpha, servicesOf(network, services));
  };
  return {
    ...services,
    OpenGradient: Object.freeze({
      connect,
      init: connect,
      async tees(options?: { network?: "mainnet" | "testnet" | OpenGradientNetwork | undefined; signal?: AbortSignal | undefined }) {
        const { network, signal } = bag(options, "options");
        await load();
        return wasm.activeTees(resolveOpenGradientNetwork(network), { signal });
      },
    }),
    fetchWithPayment: bindFetchWithPayment(load),
  };
}
