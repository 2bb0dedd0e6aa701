/** `fetchWithPayment`: any x402 API, paid from the wallet. */

import { bag, guarded } from "./border.js";
import { invalidInput } from "./errors.js";
import { relayFetch } from "./og-transport.js";
import { unwrapWallet, type DiscoveredWallet } from "./provider.js";
import { PayerCore } from "./wasm/opengradient/ogkit.js";
import type {
  Address, Eip1193Provider, FetchLike, OnPayment, PaymentChain, PaymentPolicy, PaymentReceipt, PaymentRecord, RequestParts,
} from "./wasm/opengradient/ogkit.js";

/** Who pays, and how much at most. */
export interface FetchWithPaymentOptions {
  /** A discovered wallet, or any EIP-1193 provider. */
  readonly wallet: Eip1193Provider | DiscoveredWallet;
  /** One of the wallet's accounts; default: the one it selected at the first call. */
  readonly account?: Address | undefined;
  /**
   * What may be paid. All that is signed for out of an account counts together, in all clients and tabs of the origin, whatever the policy
   * that it was signed under. The object is read at the first call that has it. Default: OPG on Base; 0.1 for a request, 2 within an hour, 5
   * in all.
   */
  readonly policy?: PaymentPolicy | undefined;
  /** Shown the payment before the wallet is asked; `false`, or a throw, refuses it. */
  readonly onPayment?: OnPayment | undefined;
  /** Chains beside Base and Base Sepolia, and endpoints to read balances and allowances from. */
  readonly chains?: readonly PaymentChain[] | undefined;
  /** The only receiver that may be paid for this request. */
  readonly payTo?: Address | undefined;
  /** The server keeps sessions as OpenGradient's do: one signature pays for several requests of one method and path. */
  readonly sessions?: boolean | undefined;
  /** Pays a URL that was paid within the last 5 minutes without asking for its price again. */
  readonly payFirst?: boolean | undefined;
  /**
   * Your explicit word, after a `PaymentUncertainError`, that the same payment is sent again for the same method, URL and body, in place of
   * paying anew. It can be settled only once; a server with sessions may charge for the work twice, within the same cap. Where no such
   * payment is known to this page, the request is made as any other. Default: false: what may have been paid is never sent again.
   */
  readonly retryPaid?: boolean | undefined;
  /**
   * Seconds for each of: the price's answer with its body, what is read from chains, and the wait until the paid answer begins. The time that
   * the user takes does not count. Default: 60.
   */
  readonly timeout?: number | undefined;
  /** The URL of a relay (`ogkit/relay`), where the server lets no other origin in. */
  readonly relay?: string | undefined;
  /** Makes the HTTP requests in place of the platform's own. */
  readonly fetch?: FetchLike | undefined;
  /** The account is a contract: its signatures are not checked here. */
  readonly contractAccount?: boolean | undefined;
}

/** What an answer took. */
export interface ResponsePayment {
  readonly payment: PaymentRecord;
  /** The server's word on the settlement, held against the payment. Sessions give none. */
  readonly receipt?: PaymentReceipt;
}

/**
 * As `fetch`, and pays. Redirects before the payment are followed by fetch's rules, and who answers with the price is paid, by the policy's
 * `hosts`. To another origin only harmless headers go along (`Accept`, `Content-Type` …): fetch itself drops `Authorization` alone. A paid
 * request follows none. A page cannot see which method the platform ended a redirect with, so there a redirected price for another method than
 * `GET` is not paid (`paymentRefused`, reason `redirected`). `init.redirect: "manual"` and `init.integrity` are refused.
 */
export type FetchWithPayment = (input: RequestInfo | URL, init: RequestInit | undefined, options: FetchWithPaymentOptions) => Promise<Response>;

const OPTIONS = ["wallet", "account", "policy", "onPayment", "chains", "payTo", "sessions", "payFirst", "retryPaid", "timeout", "relay", "fetch", "contractAccount"];
const DEFAULT_POLICY: PaymentPolicy = Object.freeze({});

interface Known {
  readonly wallet: Eip1193Provider;
  readonly account: string | undefined;
  readonly payer: Promise<PayerCore>;
}
/** The payers of each policy object, which have the same sessions. */
const payers = new WeakMap<object, Known[]>();
const payments = new WeakMap<Response, ResponsePayment>();

function payerOf({ wallet: given, account, policy = DEFAULT_POLICY }: FetchWithPaymentOptions): Promise<PayerCore> {
  const wallet = unwrapWallet(given);
  if (typeof policy !== "object" || policy === null) throw invalidInput("options.policy", "expected an object");
  if (account !== undefined && account !== null && typeof account !== "string") throw invalidInput("options.account", "expected an address");
  const known = payers.get(policy) ?? [];
  payers.set(policy, known);
  const wanted = account?.toLowerCase();
  const found = known.find((one) => one.wallet === wallet && one.account === wanted);
  if (found) return found.payer;
  const entry = { wallet, account: wanted, payer: PayerCore.connect({ wallet, account, policy }) };
  known.push(entry);
  // A wallet that said no is asked again the next time.
  entry.payer.catch(() => known.splice(known.indexOf(entry), 1));
  return entry.payer;
}

/** Makes the function; `load` is awaited before the WebAssembly is used. */
export function bindFetchWithPayment(load: () => Promise<void>): FetchWithPayment {
  return async (input, init, given) => {
    const options = bag(given, "options");
    const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
    if (unknown !== undefined) throw invalidInput(`options.${unknown.slice(0, 40)}`, `unknown key; expected one of ${OPTIONS.join(", ")}`);
    const request = guarded("input", () => new Request(input, init));
    const { signal, redirect } = request;
    signal.throwIfAborted();
    if (redirect === "manual") throw invalidInput("init.redirect", 'expected "follow" or "error": a redirect cannot be handed out before it is known who is paid');
    if (request.integrity) throw invalidInput("init.integrity", "is not checked here: the answer is handed on as it comes; hash its body yourself");
    await load();
    const [payer, body] = await Promise.all([payerOf(options), request.arrayBuffer()]);
    const { onPayment, payTo, sessions, payFirst, retryPaid, timeout, chains, contractAccount, relay } = options;
    const parts: RequestParts = {
      url: request.url, method: request.method, headers: [...request.headers], redirect, signal, onPayment, payee: payTo, sessions, payFirst, retryPaid,
      timeout, chains, contractAccount, fetch: options.fetch ?? (relay === undefined ? undefined : relayFetch(relay)),
      ...(request.method === "GET" || request.method === "HEAD" ? {} : { body: new Uint8Array(body) }),
    };
    const { response, controller, payment, receipt } = await payer.fetch(parts);
    if (controller) signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
    if (payment) payments.set(response, Object.freeze(receipt ? { payment, receipt } : { payment }));
    return response;
  };
}

/** What a response of `fetchWithPayment` took; `undefined` where it was free. Clones do not know it. */
export function getPayment(response: Response): ResponsePayment | undefined {
  return payments.get(response);
}
