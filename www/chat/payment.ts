/** The price, shown before the wallet is asked. */

import type { PaymentProposal } from "ogkit/opengradient";

import { el, short } from "../dom.js";
import { explorer } from "../state.js";
import { opg } from "./opg.js";

/** Asks the person; the answer is theirs alone. */
export function confirmPayment({ scheme, amount, token, payTo, origin, deadline }: PaymentProposal): Promise<boolean> {
  return new Promise((resolve) => {
    const price = token.decimals === 18 ? opg(amount) : `${amount} of the smallest unit of ${token.symbol}`;
    const until = new Date(deadline * 1000).toLocaleTimeString();
    const dialog = el("dialog", { "aria-labelledby": "payment-title", "data-testid": "payment" },
      el("h2", { id: "payment-title" }, scheme === "upto" ? `Pay up to ${price}?` : `Pay ${price}?`),
      el("p", {}, scheme === "upto"
        ? "One signature pays for your next questions too: each takes what it costs, together never more than this."
        : "This is the price of this one answer."),
      el("dl", {},
        el("dt", {}, "Receiver"), el("dd", {}, short(payTo, explorer("address", payTo))),
        el("dt", {}, "Server"), el("dd", {}, origin),
        el("dt", {}, "Good until"), el("dd", {}, until)),
      el("div", { class: "row" },
        el("button", { type: "button", "data-testid": "pay", click: () => dialog.close("yes") }, "Sign in wallet"),
        el("button", { type: "button", class: "plain", "data-testid": "decline", click: () => dialog.close("no") }, "Decline")));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
