/** The conversation: questions, answers as they are written, and what is known about each. */

import { TeeLlm, formatEther, type ChatMessage, type OpenGradient, type PaymentProposal, type PaymentRecord, type TextGenerationOutput } from "ogkit/opengradient";

import { job, value } from "../busy.js";
import { el, section, short } from "../dom.js";
import { explorer } from "../state.js";
import { worth } from "./opg.js";
import { confirmPayment } from "./payment.js";
import { logDeclined, logSigned, logUnanswered } from "./signed.js";

const MAX_TOKENS = 400;

/** Shows the form; what is returned is told the allowance, and lets nobody ask without any. */
export function talkScreen(og: OpenGradient, refresh: () => Promise<void>): (allowance?: bigint) => void {
  const card = section("chat");
  card.hidden = false;
  const messages: ChatMessage[] = [];
  const talk = el("ol", { class: "talk", "data-testid": "talk", "aria-label": "Conversation" });
  const model = el("select", { name: "model" }, ...Object.values(TeeLlm).map((name) => el("option", { value: name, ...(name === TeeLlm.CLAUDE_HAIKU_4_5 ? { selected: true } : {}) }, name)));
  const question = el("textarea", { name: "question", required: true, rows: "3", placeholder: "What is an enclave?" });
  const form = el("form", { "aria-label": "Ask" }, el("label", {}, "Model", model), el("label", {}, "Your question", question));
  // As in other chats: Enter asks, Shift and Enter makes a line.
  question.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });

  const block = job(form, "Ask", "ask", async ({ signal }, say) => {
    const asked: ChatMessage = { role: "user", content: value(form, "question") };
    const text = el("p", { class: "answer", "data-testid": "answer", "aria-busy": "true" });
    const place = el("li", {}, el("p", { class: "asked" }, asked.content as string), text);
    let proposal: PaymentProposal | undefined;
    const onPayment = async (offer: PaymentProposal): Promise<boolean> => {
      say("The price waits for your approval…");
      const yes = await confirmPayment(offer);
      if (yes) proposal = offer;
      else logDeclined(offer);
      say(yes ? "Please sign the payment in your wallet; then the enclave answers…" : "Declined.");
      return yes;
    };
    const stream = og.llm.chat({ model: model.value, messages: [...messages, asked], maxTokens: MAX_TOKENS, stream: true, signal, onPayment });
    say("Waiting for the enclave…");
    try {
      await stream;
      if (stream.payment) logSigned(stream.payment);
      say("The model writes…");
      talk.append(place);
      talk.hidden = false;
      question.value = "";
      for await (const chunk of stream) {
        text.append(chunk.content ?? "");
        place.scrollIntoView({ block: "nearest" });
      }
      const output = await stream.output();
      if (output.chatOutput) messages.push(asked, output.chatOutput);
      // What is proven, in place of what was shown as it came.
      text.textContent = output.text;
      place.append(...output.images.map(picture), about(output));
    } catch (error) {
      const begun = place.isConnected;
      if (!begun && proposal) logUnanswered(proposal, error);
      if (begun) place.append(el("p", { class: "proof bad", "data-testid": "unproven", role: signal.aborted && "alert" }, signal.aborted ? stopped(stream.payment) : "✗ This text is not proven."));
      // Who stops an answer that is being written is told there what it may cost.
      if (!begun || !signal.aborted) throw error;
    } finally {
      text.removeAttribute("aria-busy");
      void refresh();
    }
  }, "");
  talk.hidden = true;
  card.replaceChildren(el("h2", { id: "chat-title" }, "3 · Ask"), talk, form);
  return (allowance) => block(allowance === 0n ? "0 OPG are approved: approve payments in step 2 first." : undefined);
}

function stopped(payment?: PaymentRecord): string {
  const cost = payment && (payment.scheme === "upto" ? `What was used of your signature (${worth(payment)}) may be charged.` : `The ${worth(payment)} that you signed may be charged.`);
  return `Stopped. This text is not proven. ${cost ?? ""}`.trim();
}

/** An image, which no proof covers. A URL is a stranger's: it is named and not loaded. */
function picture(image: string): HTMLElement {
  if (image.startsWith("data:image/")) return el("img", { src: image, alt: "An image by the model; no proof covers it" });
  return el("p", { class: "quiet" }, `An image that no proof covers is at ${image.slice(0, 200)}`);
}

/** The proof, the price, the receipt. */
function about({ proof, payment, receipt, usage, model, finishReason, teeEndpoint }: TextGenerationOutput): HTMLElement {
  const rows: [string, HTMLElement | string | undefined][] = [
    ["Enclave", proof && short(proof.teeId)],
    ["Server", teeEndpoint],
    ["The signature covers", proof && (proof.covers === "text" ? "the text" : "the tool calls")],
    ["Signed at", proof && new Date(proof.timestamp * 1000).toLocaleString()],
    ["Request hash", proof && short(proof.requestHash)],
    ["Output hash", proof && short(proof.outputHash)],
    ["Signature", proof && short(proof.signature)],
    ["Paid to", payment && short(payment.payTo, explorer("address", payment.payTo))],
    ["Payment nonce", payment && short(payment.nonce)],
    ["Transaction", receipt?.transaction && short(receipt.transaction, explorer("tx", receipt.transaction))],
    ["Model, by the server's word", model],
    ["Ended by, by the server's word", finishReason],
    ["Tokens, by the server's word", usage && `${usage.promptTokens} in, ${usage.completionTokens} out`],
  ];
  const cost = payment && `${payment.reused ? "Paid by the signature from before" : "Paid by a new signature"}, good for up to ${formatEther(payment.amount)} OPG${receipt ? "" : "; it is charged when the session ends"}.`;
  return el("div", { class: "about" },
    el("p", { class: "proof", "data-testid": "proof" }, "✓ Proven: the enclave signed exactly this text to exactly this question, just now"),
    el("p", { class: "quiet", "data-testid": "cost" }, cost),
    el("details", {}, el("summary", {}, "Proof and receipt"),
      el("dl", { "data-testid": "receipt" }, ...rows.flatMap(([name, content]) => (content ? [el("dt", {}, name), el("dd", {}, content)] : [])))));
}
