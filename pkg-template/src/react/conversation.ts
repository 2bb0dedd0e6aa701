/**
 * A conversation with a model: its messages and the one request that is under way. React only shows it, so that what is paid does not hang
 * on renders.
 */

import { guarded, listed } from "../border.js";
import { invalidInput, isOgError, makeError } from "../errors.js";
import { checkCalls, paidDespite, textOf, type ChatEntry, type ChatReply } from "./messages.js";
import type { OpenGradient } from "../og-client.js";
import type { ChatMessage, ChatRequest } from "../og-llm.js";
import type { TextGenerationOutput } from "../og-output.js";
import type { OnPayment, PaymentProposal } from "../wasm/opengradient/ogkit.js";

/** How a conversation asks: what `og.llm.chat` takes beside messages and the hook's own. */
export interface ChatSettings extends Omit<ChatRequest, "messages" | "stream" | "signal" | "onPayment"> {
  /** What the conversation begins with: a system message, or one that was saved. Read at the first render. */
  readonly initialMessages?: readonly ChatMessage[] | undefined;
  /** Each payment waits in `proposal` until `approve` or `decline` is called; the provider's `onPayment` must let it pass too. */
  readonly confirmPayments?: boolean | undefined;
}

/** What to say: the user's text, or one or several whole messages. */
export type ChatInput = string | ChatMessage | readonly ChatMessage[];

/** Who asks, and how. */
export interface ChatSetup {
  readonly og?: OpenGradient | undefined;
  readonly settings: ChatSettings;
  readonly look: OnPayment;
}

/** What is shown. */
export interface ChatState {
  readonly messages: readonly ChatEntry[];
  /** What came of the last request. */
  readonly reply?: ChatReply;
  /** The payment that is being confirmed or signed. */
  readonly proposal?: PaymentProposal;
  readonly running: boolean;
  /** Nothing was paid for the last request, so it can be made again. */
  readonly canRetry: boolean;
}

/** What is asked. */
interface Question {
  readonly before: readonly ChatEntry[];
  /** Messages that are not in the history yet. */
  readonly asked: readonly ChatEntry[];
  /** What was there and comes back if no answer does. */
  readonly replaced?: readonly ChatEntry[] | undefined;
}

/** A request that is under way. */
interface Run {
  readonly question: Question;
  readonly id: string;
  readonly end: AbortController;
  /** What was shown before it. */
  readonly previous: ChatState;
  begun: boolean;
  reply: ChatReply;
  proposal?: PaymentProposal | undefined;
  text: string;
  /** Takes the person's word on the payment that is shown; a word before that, or on another one, does not count. */
  answer?: ((yes: boolean) => void) | undefined;
}

/** As many as a request may have. */
const MAX_MESSAGES = 10_000;

const RUNNING: ChatReply = Object.freeze({ status: "preparing", paid: "maybe" });

/** One conversation. */
export class Conversation {
  setup: ChatSetup | undefined;
  readonly #initial: readonly ChatMessage[];
  readonly #listeners = new Set<() => void>();
  #state: ChatState;
  #run: Run | undefined;
  #failed: Question | undefined;
  #ids = 0;

  constructor(initial: readonly ChatMessage[] = []) {
    this.#initial = initial;
    this.#state = { messages: this.#entries(initial, "settings.initialMessages", true), running: false, canRetry: false };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  readonly state = (): ChatState => this.#state;

  /** Says something and waits for the answer. */
  readonly send = async (input: ChatInput): Promise<TextGenerationOutput | undefined> => {
    const isList = guarded("input", () => Array.isArray(input));
    const messages = typeof input === "string" ? [{ role: "user", content: input } as const] : isList ? (input as readonly ChatMessage[]) : [input as ChatMessage];
    // An emptied form that is sent once more must cost nothing.
    if (messages.length === 0 || (typeof input === "string" && input.trim() === "")) return undefined;
    return this.#ask(() => ({ before: this.#state.messages, asked: this.#entries(messages, "input", false) }));
  };

  /** Asks an answer's question again, by default the last one's. */
  readonly regenerate = async (id?: string): Promise<TextGenerationOutput | undefined> => {
    const { messages } = this.#state;
    const last = messages.at(-1)?.role === "assistant" ? messages.length - 1 : messages.length;
    const at = id === undefined ? last : messages.findIndex((one) => one.id === id && one.role === "assistant");
    // Instructions alone are no question.
    return at > 0 && messages[at - 1]?.role !== "system" ? this.#ask(() => this.#cut(at)) : undefined;
  };

  /** Puts another message in the place of one that was asked, and everything after it. */
  readonly edit = async (id: string, input: string | ChatMessage): Promise<TextGenerationOutput | undefined> => {
    const at = this.#state.messages.findIndex((one) => one.id === id && one.role !== "assistant");
    const old = this.#state.messages[at];
    if (!old) return undefined;
    const message: ChatMessage = typeof input === "string" ? ({ ...old.message, content: input } as ChatMessage) : input;
    return this.#ask(() => {
      const { before, asked, replaced } = this.#cut(at);
      return { before, asked: [...asked, ...this.#entries([message], "input", false)], replaced };
    });
  };

  /** Makes the last request again, where nothing was paid for it. */
  readonly retry = async (): Promise<TextGenerationOutput | undefined> => {
    const { canRetry } = this.#state;
    const failed = this.#failed;
    return canRetry && failed ? this.#ask(() => failed) : undefined;
  };

  readonly approve = (): void => this.#run?.answer?.(true);
  readonly decline = (): void => this.#run?.answer?.(false);

  /** Ends the request that is under way. */
  readonly stop = (): void => {
    const run = this.#run;
    if (!run) return;
    if (run.begun) this.#settle(run, { ...run.reply, status: "stopped" });
    else {
      this.#run = undefined;
      this.#show(run.previous);
    }
    run.answer?.(false);
    run.end.abort(new DOMException("the chat was stopped", "AbortError"));
  };

  /** Ends what is under way and begins anew. */
  readonly reset = (messages: readonly ChatMessage[] = this.#initial): void => {
    // As a handler of clicks it is given an event.
    const given = guarded("messages", () => Array.isArray(messages)) ? messages : this.#initial;
    const entries = this.#entries(given, "messages", true);
    this.stop();
    this.#failed = undefined;
    this.#show({ messages: entries, running: false, canRetry: false });
  };

  /** @throws InvalidInputError */
  #entries(messages: readonly ChatMessage[], name: string, kept: boolean): ChatEntry[] {
    return listed(messages, name, MAX_MESSAGES).map((one, at) => guarded(`${name}[${at}]`, () => {
      if (typeof one !== "object" || one === null) throw invalidInput(`${name}[${at}]`, "expected a message");
      const message = one as ChatMessage;
      return Object.freeze({ id: String(++this.#ids), role: message.role, text: textOf(message), message, kept });
    }));
  }

  /** What is left when everything from `at` on is asked anew: also a question that was not answered, right before it. */
  #cut(at: number): Question {
    const { messages } = this.#state;
    let from = at;
    for (let one = messages[from - 1]; one && !one.kept && one.role !== "assistant"; one = messages[from - 1]) from--;
    return { before: messages.slice(0, from), asked: messages.slice(from, at), replaced: messages.slice(at).some(({ kept }) => kept) ? messages : undefined };
  }

  async #ask(about: () => Question): Promise<TextGenerationOutput | undefined> {
    // A double click must not pay twice.
    if (this.#run) return undefined;
    const question = about();
    const run: Run = { question, id: String(++this.#ids), end: new AbortController(), previous: this.#state, begun: false, reply: RUNNING, text: "" };
    this.#run = run;
    this.#report(run);
    // StrictMode ends an effect right after it began: by then nothing has gone out.
    await Promise.resolve();
    if (this.#run !== run) return undefined;
    run.begun = true;
    try {
      return await this.#request(run);
    } catch (error) {
      if (this.#run !== run) return undefined;
      // An answer that is not the enclave's is not to be shown.
      if (isOgError(error, "proofFailed")) run.text = "";
      this.#settle(run, { ...run.reply, status: "failed", paid: paidDespite(error, run.reply), error });
      return undefined;
    }
  }

  async #request(run: Run): Promise<TextGenerationOutput | undefined> {
    const { og, settings, look } = this.setup ?? {};
    const { before, asked } = run.question;
    const messages = [...before.filter(({ kept }) => kept), ...asked].map(({ message }) => message);
    if (!og || !settings || !look) {
      throw makeError({ name: "MissingSignerError", code: "missingSigner", message: "connect a wallet first; nothing was sent", fields: { role: "payer" } });
    }
    guarded("messages", () => checkCalls(messages));
    const { initialMessages: _, confirmPayments = false, ...request } = settings;
    // An account that the page no longer shows is not to pay.
    const isShown = (): boolean => this.setup?.og === og;
    const onPayment: OnPayment = async (proposal) => {
      const answered = confirmPayments ? new Promise<boolean>((resolve) => (run.answer = resolve)) : true;
      if (!isShown() || !this.#move(run, { status: "confirming", paid: "no" }, proposal)) return false;
      const agreed = (await look(proposal)) !== false && (await answered);
      run.answer = undefined;
      return agreed && isShown() && this.#move(run, { status: "signing", paid: "maybe" }, proposal);
    };
    const stream = og.llm.chat({ ...request, messages, stream: true, signal: run.end.signal, onPayment });
    const { payment } = await stream;
    if (!this.#move(run, payment ? { status: "streaming", paid: "yes", payment } : { status: "streaming", paid: "no" })) return undefined;
    for await (const { content } of stream) {
      if (this.#run !== run) return undefined;
      run.text += content ?? "";
      this.#report(run);
    }
    const output = await stream.output();
    if (this.#run !== run) return undefined;
    // Text that came beside proven tool calls is not proven itself.
    run.text = output.text;
    this.#settle(run, { ...run.reply, status: "done", output });
    return output;
  }

  /** Goes on to the next step; `false` when the request has ended meanwhile. */
  #move(run: Run, reply: ChatReply, proposal?: PaymentProposal): boolean {
    if (this.#run !== run) return false;
    Object.assign(run, { reply, proposal });
    this.#report(run);
    return true;
  }

  /** Shows how far a request is. */
  #report(run: Run): void {
    const { reply, proposal, question: { before, asked } } = run;
    const messages = [...before, ...asked, this.#answer(run, false)];
    this.#show({ messages, reply, running: true, canRetry: false, ...(proposal ? { proposal } : {}) });
  }

  #answer({ id, text, reply }: Run, kept: boolean): ChatEntry {
    const message: ChatMessage = reply.output?.chatOutput ?? { role: "assistant", content: text };
    return Object.freeze({ id, role: "assistant", text, message, kept, reply: Object.freeze(reply) });
  }

  /** A request has ended. */
  #settle(run: Run, reply: ChatReply): void {
    this.#run = undefined;
    run.reply = reply;
    const done = reply.status === "done";
    const { before, asked, replaced } = run.question;
    this.#failed = done ? undefined : run.question;
    const messages = (!done && replaced) || [...before, ...(done ? asked.map((one) => Object.freeze({ ...one, kept: true })) : asked), this.#answer(run, done)];
    this.#show({ messages, reply, running: false, canRetry: !done && reply.paid === "no" });
  }

  #show(state: ChatState): void {
    this.#state = Object.freeze(state);
    for (const listener of [...this.#listeners]) listener();
  }
}
