/// <reference lib="esnext.disposable" preserve="true" />
/** `OpenGradient`: one wallet, two chains. Payments are made on one, inference runs on the other. */

import type { Alpha } from "./alpha.js";
import type { ModelHubStatic, TwinsStatic } from "./alpha-api.js";
import { Llm } from "./og-llm.js";
import type { SettlementMode } from "./og-models.js";
import type { DiscoveredWallet } from "./wallets.js";
import type {
  Address, CallOptions, Eip1193Provider, FetchLike, OnPayment, OpenGradientCore, OpenGradientNetwork, PaymentPolicy,
} from "./wasm/opengradient/ogkit.js";

/** How to connect. */
export interface OpenGradientOptions {
  /** A discovered wallet, or any EIP-1193 provider. */
  readonly wallet: Eip1193Provider | DiscoveredWallet;
  /** One of the wallet's accounts; default: the one it selected. */
  readonly account?: Address | undefined;
  /** Default: `"mainnet"`, payments on Base. */
  readonly network?: "mainnet" | "testnet" | OpenGradientNetwork | undefined;
  /** What may be paid. Default: OPG to the registry's receivers; 0.1 for a request, 2 within an hour, 5 in all. */
  readonly policy?: PaymentPolicy | undefined;
  /** Shown each payment before the wallet is asked; `false`, or a throw, refuses it. */
  readonly onPayment?: OnPayment | undefined;
  /**
   * `"strict"` (default): nothing is given out before it is proven, so a stream comes at its end. `"final"`: streams come as they are
   * written and fail at their end if the proof does. `"off"`: no checks.
   */
  readonly verify?: "strict" | "final" | "off" | undefined;
  /**
   * How many seconds an enclave's clock may differ from this machine's. An answer is signed after its question and before it comes, or it is
   * a `VerificationError` (check `timestamp`). Default: 120.
   */
  readonly maxSkew?: number | undefined;
  /** How payments are settled, unless a request says otherwise. Default: `SettlementMode.BATCH_HASHED`. */
  readonly settlement?: SettlementMode | undefined;
  /** A fixed LLM server in place of the registry's enclaves. Its answers must still be signed by one of them. */
  readonly server?: string | undefined;
  /**
   * The URL of a relay (`ogkit/relay`) of your own, through which requests to enclaves go. Pages need one: the enclaves' certificates are
   * self-signed, and they send no CORS headers. The relay sees requests and answers, and can spend nothing that was not signed for it.
   */
  readonly relay?: string | undefined;
  /**
   * In Node requests to enclaves take the registry's TLS certificate and no other. `"system"` leaves the check to the platform, as it is
   * in browsers, where no page can pin a certificate: there the answers' signatures alone tell who answered.
   */
  readonly tls?: "pinned" | "system" | undefined;
  /** Makes the requests to enclaves in place of all of that. */
  readonly fetch?: FetchLike | undefined;
  /** Seconds until an answer begins, for a whole answer, for each piece of a stream, and for what is read from chains meanwhile. Default: 60. */
  readonly timeout?: number | undefined;
  /** Seconds for a whole stream. Default: 900. */
  readonly streamTimeout?: number | undefined;
  /**
   * Whether images that are URLs are fetched and made `data:` URIs. Nobody signs these URLs, so only https and public addresses are asked, and all
   * together have `timeout` and 32 MiB; what does not come stays a URL. Default: false.
   */
  readonly inlineImages?: boolean | undefined;
  /** Whether a model that is no member of `TeeLlm` is refused before anything is sent (`invalidInput`). Default: false: servers learn new ones. */
  readonly strictModels?: boolean | undefined;
  /** Whether another enclave is asked, once, where one gives no HTTP answer before anything was signed or paid. Default: true. */
  readonly failover?: boolean | undefined;
  /** The account is a contract: its signatures are not checked here. */
  readonly contractAccount?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A wallet on OpenGradient. Made by `OpenGradient.connect`. */
export class OpenGradient {
  readonly #core: OpenGradientCore;
  /** The network, as it was given. */
  readonly network: OpenGradientNetwork;
  /** Chat and completion. */
  readonly llm: Llm;
  /** Models on chain and workflows, signed by the same wallet. */
  readonly alpha: Alpha;
  /** The network's model hub: sign in with `login`. */
  readonly modelHub: ModelHubStatic;
  /** The network's digital twins: bring a key with `connect`. */
  readonly twins: TwinsStatic;

  /** @internal */
  constructor(
    core: OpenGradientCore, network: OpenGradientNetwork, alpha: Alpha, services: { ModelHub: ModelHubStatic; Twins: TwinsStatic },
  ) {
    this.#core = core;
    this.network = network;
    this.llm = new Llm(core);
    this.alpha = alpha;
    this.modelHub = services.ModelHub;
    this.twins = services.Twins;
  }

  /** The account that pays. */
  get account(): Address {
    return this.#core.account;
  }

  /**
   * The OPG that was signed for out of this account in this origin (all clients and tabs; with `policy.store` also before) and that did not
   * come back, in the smallest unit. What the limits count. A signature counts with its whole
   * amount until the chain shows what was taken (`payment.charged`), or that nothing can be taken any more. Where a payment's fate is open,
   * two to four HTTP requests ask the chain for it: a session's can be told as soon as the gateway has settled it.
   * @throws RpcError, HttpError
   */
  spent(options?: CallOptions): Promise<bigint> {
    return this.#core.spent(options);
  }

  /** Follows the wallet; answers a function that ends it. */
  on(event: "accountsChanged", listener: (accounts: Address[]) => void): () => void;
  on(event: "chainChanged", listener: (chainId: number) => void): () => void;
  on(event: "disconnect", listener: (error: unknown) => void): () => void;
  on(event: "accountsChanged" | "chainChanged" | "disconnect", listener: (value: never) => void): () => void {
    return this.#core.on(event, listener as (value: unknown) => void);
  }

  /** Forgets sessions and gives the memory back. The client cannot be used afterwards; answers that are on their way still come. */
  close(): void {
    this.#core.free();
  }
  /** As {@link OpenGradient.close}. */
  free(): void {
    this.close();
  }
  /** As {@link OpenGradient.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
