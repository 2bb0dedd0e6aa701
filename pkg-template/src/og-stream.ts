/** An answer as it comes: chunks, the whole text, the proof. */

import { chatOutput, type TextGenerationOutput } from "./og-output.js";
import type { ChatStreamCore, PaymentRecord, StreamChunk as CoreChunk, ToolCall } from "./wasm/opengradient/ogkit.js";

/** A piece of a streamed answer: flat, and as the official SDKs' `choices`. Only the final one has tool calls, usage, proof and payment. */
export type StreamChunk = CoreChunk & {
  readonly choices: readonly [
    {
      readonly index: 0;
      readonly delta: { readonly content?: string; readonly role?: string; readonly toolCalls?: readonly ToolCall[] };
      readonly finishReason?: string;
    },
  ];
};

function withChoices(chunk: CoreChunk): StreamChunk {
  const { content, role, toolCalls, finishReason } = chunk;
  const delta = { ...(content === undefined ? {} : { content }), ...(role === undefined ? {} : { role }), ...(toolCalls ? { toolCalls } : {}) };
  return Object.freeze({ ...chunk, choices: [{ index: 0, delta, ...(finishReason === undefined ? {} : { finishReason }) }] as const });
}

/**
 * A streamed answer. It can be iterated once, chunk by chunk; `text()` and `output()` give the whole and can be called at any time,
 * also beside an iteration. Chunks that they read before the iteration began are not given again. Leaving the iteration early aborts
 * the request.
 */
export class TextGenerationStream implements AsyncIterable<StreamChunk> {
  readonly #opening: Promise<ChatStreamCore>;
  readonly #stop = new AbortController();
  /** Chunks that were read and an iteration has not seen yet. */
  readonly #queue: StreamChunk[] = [];
  #core: ChatStreamCore | undefined;
  #payment: PaymentRecord | undefined;
  #iterated = false;
  #pulling: Promise<void> | undefined;
  #text = "";
  #role: string | undefined;
  #model: string | undefined;
  #output: TextGenerationOutput | undefined;
  #over = false;
  #failure: { readonly reason: unknown } | undefined;

  /** @internal */
  constructor(open: (signal: AbortSignal) => Promise<ChatStreamCore>, signal?: AbortSignal) {
    this.#opening = open(signal ? anyOf(signal, this.#stop.signal) : this.#stop.signal).then((core) => {
      this.#payment = core.cost.payment;
      this.#core = core;
      if (this.#over) this.#release();
      return core;
    });
    // Whoever looks at the stream is told; it need not be at once.
    this.#opening.catch(() => undefined);
  }

  /**
   * What of the text has come so far, also after a failure. With `verify: "final"` it is not proven before the end. Beside proven tool calls no
   * text is: then it ends empty.
   */
  get partialText(): string {
    return this.#text;
  }

  /** What was signed for the answer. It is there once the answer has begun, and stays when it is cut or ended. */
  get payment(): PaymentRecord | undefined {
    return this.#payment;
  }

  /**
   * The whole text.
   * @throws PaymentRefusedError, TeeUnavailableError, InferenceError, StreamCutError, VerificationError, and as `chat`
   */
  async text(): Promise<string> {
    await this.#drain();
    return this.#text;
  }

  /**
   * The whole answer with its proof, usage and payment.
   * @throws as {@link TextGenerationStream.text}
   */
  async output(): Promise<TextGenerationOutput> {
    await this.#drain();
    if (!this.#output) throw abortReason();
    return this.#output;
  }

  /**
   * Ends the answer and its request. What was signed stays signed. Everything that waits for the answer is rejected, with an
   * `AbortError` where no other `reason` is given.
   */
  abort(reason: unknown = abortReason()): void {
    if (this.#over) return;
    this.#end({ reason });
    this.#stop.abort(reason);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamChunk, void, undefined> {
    this.#iterated = true;
    try {
      for (;;) {
        const chunk = this.#queue.shift();
        if (chunk) yield chunk;
        else if (this.#failure) throw this.#failure.reason;
        else if (this.#over) return;
        else await this.#pull();
      }
    } finally {
      this.abort();
    }
  }

  /** @internal Waits until the answer has begun: then it is paid. */
  async opened(): Promise<this> {
    await this.#opening;
    return this;
  }

  async #drain(): Promise<void> {
    while (!this.#over) await this.#pull();
    if (this.#failure) throw this.#failure.reason;
  }

  /** Takes one more chunk; everybody who waits shares it. */
  #pull(): Promise<void> {
    this.#pulling ??= this.#take().finally(() => (this.#pulling = undefined));
    return this.#pulling;
  }

  async #take(): Promise<void> {
    try {
      const core = await this.#opening;
      if (this.#over) return;
      const chunk = await core.next();
      if (this.#over) return;
      if (!chunk) return this.#end();
      this.#keep(chunk);
      if (this.#iterated) this.#queue.push(withChoices(chunk));
      if (chunk.isFinal) this.#end();
    } catch (reason) {
      if (!this.#over) this.#end({ reason });
    }
  }

  #keep(chunk: CoreChunk): void {
    this.#text += chunk.content ?? "";
    this.#role ??= chunk.role;
    this.#model ??= chunk.model;
    if (!chunk.isFinal) return;
    // What was shown beside the calls as it came is not signed.
    if (chunk.proof?.covers === "toolCalls") this.#text = "";
    this.#output = chatOutput({
      ...chunk,
      role: this.#role ?? "assistant",
      content: this.#text,
      ...(this.#model === undefined ? {} : { model: this.#model }),
    });
  }

  #end(failure?: { readonly reason: unknown }): void {
    this.#over = true;
    this.#failure = failure;
    this.#release();
  }

  /** Gives back at once what the WebAssembly holds: the signal there, whose reason leads back here, would keep this object for ever. */
  #release(): void {
    this.#core?.end();
    this.#core?.free();
    this.#core = undefined;
  }
}

/**
 * A streamed answer that has not begun: iterate it, or await it to have it begin, which is when it is paid. It has everything that a
 * {@link TextGenerationStream} has.
 */
export class PendingTextGenerationStream implements AsyncIterable<StreamChunk>, PromiseLike<TextGenerationStream> {
  readonly #stream: TextGenerationStream;

  /** @internal */
  constructor(stream: TextGenerationStream) {
    this.#stream = stream;
  }

  /** Resolves to the stream once it has begun. @throws as `chat` */
  then<A = TextGenerationStream, B = never>(
    done?: ((stream: TextGenerationStream) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#stream.opened().then(done, failed);
  }
  /** As a promise's. */
  catch<B = never>(failed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<TextGenerationStream | B> {
    return this.then(undefined, failed);
  }

  get partialText(): string {
    return this.#stream.partialText;
  }
  get payment(): PaymentRecord | undefined {
    return this.#stream.payment;
  }
  text(): Promise<string> {
    return this.#stream.text();
  }
  output(): Promise<TextGenerationOutput> {
    return this.#stream.output();
  }
  abort(reason?: unknown): void {
    this.#stream.abort(reason);
  }
  [Symbol.asyncIterator](): AsyncGenerator<StreamChunk, void, undefined> {
    return this.#stream[Symbol.asyncIterator]();
  }
}

function abortReason(): DOMException {
  return new DOMException("the answer was ended before it was whole; it may have been paid", "AbortError");
}

/** `AbortSignal.any`, which not every engine has. */
function anyOf(...signals: AbortSignal[]): AbortSignal {
  if (typeof AbortSignal.any === "function") return AbortSignal.any(signals);
  const both = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) both.abort(signal.reason);
    else signal.addEventListener("abort", () => both.abort(signal.reason), { once: true, signal: both.signal });
  }
  return both.signal;
}
