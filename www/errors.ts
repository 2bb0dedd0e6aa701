/** Failures as a person would want them: what happened, whether anything was sent or paid, what to do. */

import { formatEther, isOgError } from "ogkit/ogpu";

import { el } from "./dom.js";

export function sentence(error: unknown): string {
  if (!isOgError(error)) {
    if (error instanceof DOMException && error.name === "AbortError") return "Cancelled. If a wallet window is still open, reject the request there.";
    return "Something unexpected went wrong on this page. Nothing more will be sent; reload to see where things stand.";
  }
  switch (error.code) {
    case "walletRejected": return "You rejected the request in your wallet. Nothing was sent and nothing was paid.";
    case "walletRequestPending": return "Your wallet already shows a request. Open the wallet and answer it.";
    case "walletLocked": return "Your wallet is locked or shares no account with this page. Unlock it and connect again.";
    case "wrongChain":
      return error.who === "the wallet"
        ? "Your wallet is on another network, and it did not switch. Nothing was sent."
        : "This page reads from a node of another network. Nothing was sent.";
    case "walletUnauthorized": return "Your wallet no longer shares this account. Connect again.";
    case "insufficientBalance":
      return `Your vault balance is ${formatEther(error.available)} OGPU, but ${formatEther(error.required)} OGPU are needed. Nothing was sent: deposit first.`;
    case "gas":
      return error.available === undefined || error.required === undefined
        ? "Your wallet's balance does not cover this amount and its fee. Nothing was sent."
        : `Your wallet holds ${formatEther(error.available)} of the chain's currency, which does not cover this amount of ${formatEther(error.required)} and its fee. Nothing was sent.`;
    case "taskExpired": return "The deadline has passed. Choose a later one.";
    case "expiryTooLong": return `The deadline is too far away: this service allows ${Math.floor(error.limit / 60)} minutes from now. Nothing was sent.`;
    case "paymentTooLow": return `The payment of ${formatEther(error.payment)} OGPU is too low: this service asks for ${formatEther(error.minimum)} OGPU at least. Nothing was sent.`;
    case "sourceInactive": return "This service takes no new tasks. Nothing was sent.";
    case "notTaskOwner": return "Only the account that published this task can do that. Nothing was sent.";
    case "taskInProgress": return "A provider already works on this task, so it can no longer be cancelled. Nothing was sent.";
    case "responseAlreadyConfirmed":
    case "taskAlreadyFinalized": return "This task is already settled. Nothing was paid again.";
    case "txRevert":
      return error.hash ? `The transaction was sent and failed on the chain (${error.reason}). Its fee was paid, and nothing else.` : `The transaction would fail (${error.reason}). Nothing was sent.`;
    case "taskNotFound": return "There is no task at this address on this network. Nothing was sent.";
    case "sourceNotFound": return "There is no service at this address on this network. Nothing was sent.";
    case "walletDisconnected": return "Your wallet has lost its connection. Nothing was sent. If it does not come back, reload this page.";
    case "invalidInput": return `Please check ${error.field}: ${error.reason}.`;
    case "txReceiptTimeout": return "The transaction was sent but is not confirmed yet. It may still go through: look it up before you try again.";
    case "txUncertain": return "Your wallet failed after it was asked to send. Look at your wallet's activity before you try again.";
    case "txReplaced": return error.cancelled ? "You cancelled the transaction in your wallet. It had no effect." : "Another transaction took its place. It had no effect.";
    case "contentUnverified": return "The answer's bytes do not match their fingerprint, so it is not shown.";
    case "ipfsGateway":
    case "ipfsFetch": return "The document could not be fetched or stored, which changes nothing on chain. Try again in a moment.";
    case "rpcDisagreement":
      return error.hash
        ? "The transaction was sent, but this page's nodes disagree about what became of it. Look it up before you try again."
        : "This page's nodes disagree, so nothing was sent. Try again in a moment.";
    case "http":
    case "rpc": return "The network cannot be reached right now. If you had confirmed a transaction before, it stands: look at your wallet's activity. Try again in a moment.";
    case "paymentRefused":
      return error.reason === "declined" ? "You declined the payment. Nothing was signed and nothing was paid." : `The payment was not allowed: ${error.detail}. Nothing was signed and nothing was paid.`;
    case "insufficientAllowance": return `Payments may move ${formatEther(error.available)} OPG, but ${formatEther(error.required)} OPG are needed. Nothing was paid: approve more first.`;
    case "insufficientTokenBalance": return `Your wallet holds ${formatEther(error.available)} OPG, but ${formatEther(error.required)} OPG are needed. Nothing was paid.`;
    case "paymentExpired": return "The wallet answered too late, so its signature was thrown away. Nothing was paid: ask again.";
    case "paymentUncertain": return "A signed payment went out and nothing came back. It may be paid once, at most what you signed. Look at your balance before you ask again.";
    case "inference": return error.paid === "no" ? `The model's server failed: ${error.reason}. Nothing was signed or paid for it.` : `The model's server failed: ${error.reason}. Failed requests are normally not charged.`;
    case "proofFailed": return "This answer is not proven to come from the enclave. Do not trust it. It may have been paid.";
    case "streamCut": return "The answer was cut off before its end, so it is not proven. What was used of your signed payment may be charged.";
    case "teeUnavailable": return "No enclave can be reached right now. Nothing was paid. Try again in a moment.";
    default: return `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`;
  }
}

export function notice(error: unknown): HTMLElement {
  const details = isOgError(error) ? `${error.code}: ${error.message}` : String(error);
  return el("div", { class: "notice bad", role: "alert", "data-testid": "error" }, el("p", {}, sentence(error)),
    el("details", {}, el("summary", {}, "Details"), el("p", {}, details)));
}
