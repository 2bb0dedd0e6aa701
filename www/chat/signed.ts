/** The log's lines on payments: what was signed for whom and until when, and what was refused. */

import { isOgError, type PaymentProposal, type PaymentRecord } from "ogkit/opengradient";

import { log } from "../log.js";
import { worth } from "./opg.js";

type Payment = Pick<PaymentRecord, "scheme" | "amount" | "deadline" | "payTo">;

/** Failures after which certainly nothing was signed, or its signature went nowhere. */
const UNSIGNED = ["paymentRefused", "insufficientAllowance", "insufficientTokenBalance", "paymentSignature", "paymentExpired", "wrongChain", "walletLocked", "walletUnauthorized", "walletRequestPending"];

const until = ({ deadline }: Payment): string => new Date(deadline * 1000).toLocaleTimeString();

/** A signature that pays for further questions is told of once. */
export function logSigned(payment: Payment & { reused?: boolean }): void {
  if (!payment.reused) log(`Payment signed: ${worth(payment)}, good until ${until(payment)}, to`, payment.payTo);
}

export function logDeclined(payment: PaymentProposal): void {
  log(`You declined to pay ${worth(payment)} to`, payment.payTo, "bad");
}

/** The wallet was asked, and no answer began. */
export function logUnanswered(payment: PaymentProposal, error: unknown): void {
  const code = isOgError(error) ? error.code : undefined;
  if (code === "walletRejected") log(`You rejected the payment of ${worth(payment)} in your wallet, to`, payment.payTo, "bad");
  else if (code === "paymentUncertain" || code === "paymentRejected") logSigned(payment);
  else if (!code || !UNSIGNED.includes(code)) log(`No answer came. Your wallet may have signed ${worth(payment)}, good until ${until(payment)}, to`, payment.payTo, "bad");
}
