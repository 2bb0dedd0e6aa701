/** What a relay does not do, in words for people and for machines. */

/**
 * Why a relay refused, or failed:
 * - `badRequest`: there is no usable `?url=`; `method`: neither GET, HEAD nor POST
 * - `navigation`: the request is not `fetch`'s: a page to show, an image, a script
 * - `origin`: the page's origin is not listed
 * - `upstreamNotListed`, `upstreamsUnavailable`: the list does not have the server, or cannot be read
 * - `privateAddress`: the server's address is not public, and not listed by hand
 * - `bodyTooLarge`, `uploadTimeout`: the request's body; `full`: too many at once, try again
 * - `upstreamUnreachable`, `upstreamTimeout`: no answer
 * - `redirect`, `mediaType`, `badAnswer`, `answerTooLarge`: an answer that is not passed on
 */
export type RelayReason =
  | "badRequest" | "method" | "navigation" | "origin" | "upstreamNotListed" | "upstreamsUnavailable" | "privateAddress" | "bodyTooLarge"
  | "uploadTimeout" | "full" | "upstreamUnreachable" | "upstreamTimeout" | "redirect" | "mediaType" | "badAnswer" | "answerTooLarge";

/** The JSON of a refusal. Its header `x-ogkit-relay-error` has the reason, too. */
export interface RelayRefusal {
  /** For people. */
  readonly error: string;
  readonly reason: RelayReason;
  /** The origin of the server that was asked for, where the request named one. */
  readonly upstream?: string | undefined;
  /** Whether the request may have reached the upstream. It is the relay's word, and proves nothing about a payment. */
  readonly sent: boolean;
}

/** Ends an exchange with a status and a reason. */
export class Refusal extends Error {
  readonly status: number;
  readonly reason: RelayReason;
  constructor(status: number, reason: RelayReason, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}
