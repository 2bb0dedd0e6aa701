/**
 * `ogkit/openai`: a `fetch` for clients of OpenAI's API, such as the `openai` package, that is paid from the user's wallet. What it
 * takes never leaves for OpenAI: `/chat/completions` is answered by OpenGradient, everything else with status 404.
 */

import { isOgError } from "./errors.js";
import { ask, askStream, type LlmAnswer, type LlmChunk, type LlmRequest, type LlmSource, type LlmToolCall, type LlmUsage } from "./llm-like.js";

/** Requests may have this many characters. */
const MAX_BODY = 32 << 20;

/** What is known of a request's failure, in OpenAI's form. */
class Refused extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * A `fetch` over `og` or `og.llm`:
 *
 * ```ts
 * const openai = new OpenAI({ apiKey: "unused", baseURL: "https://opengradient.invalid/v1", fetch: createOpenAIFetch(og), maxRetries: 0 });
 * ```
 *
 * Failures come as OpenAI's error bodies, with status 400 for what the caller can fix, 402 for payments, 502 for the enclaves; `code`
 * is ours. `x-should-retry: false` stops the client from paying twice for one question.
 */
export function createOpenAIFetch(source: LlmSource): typeof globalThis.fetch {
  return async (input, init) => {
    const request = input instanceof Request ? new Request(input, init) : undefined;
    const url = request?.url ?? String(input);
    const signal = init?.signal ?? request?.signal ?? undefined;
    signal?.throwIfAborted();
    try {
      const { pathname } = new URL(url, "https://opengradient.invalid");
      const method = request?.method ?? init?.method ?? "GET";
      if (!pathname.endsWith("/chat/completions")) throw new Refused(404, "unknown_url", `${pathname} is not there; only chat completions are`);
      if (method.toUpperCase() !== "POST") throw new Refused(405, "method_not_allowed", "only POST is taken");
      const text = request ? await request.text() : await new Response(init?.body ?? "").text();
      const body = readBody(text);
      const asked = toRequest(body, signal ?? undefined);
      const head = { id: `chatcmpl-${randomId()}`, created: Math.floor(Date.now() / 1000), model: String(body["model"]) };
      if (body["stream"] !== true) return json(200, whole(head, await ask(source, asked)));
      const options = body["stream_options"] as { include_usage?: boolean } | null | undefined;
      const chunks = askStream(source, asked);
      // Waited for, so that a refusal is an answer with its own status.
      const first = await chunks.next();
      return events(head, first, chunks, options?.include_usage === true);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      return failure(error);
    }
  };
}

function readBody(text: string): Record<string, unknown> {
  if (text.length > MAX_BODY) throw new Refused(413, "too_large", "the request has more than 32 MB");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Refused(400, "invalid_json", "the body is no JSON");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Refused(400, "invalid_json", "the body is no object");
  return body as Record<string, unknown>;
}

/** OpenAI's names → ours. What the enclaves neither honour nor sign is left out, but for several answers, which would be missed. */
function toRequest(body: Record<string, unknown>, signal: AbortSignal | undefined): LlmRequest {
  const pick = <T>(...names: string[]): T | undefined => {
    for (const name of names) if (body[name] !== undefined && body[name] !== null) return body[name] as T;
    return undefined;
  };
  const count = pick<number>("n");
  if (count !== undefined && count !== 1) throw new Refused(400, "unsupported", "n: only one answer is given");
  return {
    model: String(pick("model") ?? ""),
    messages: pick<LlmRequest["messages"]>("messages") ?? [],
    maxTokens: pick("max_completion_tokens", "max_tokens"),
    temperature: pick("temperature"),
    stopSequence: pick("stop"),
    tools: pick("tools"),
    toolChoice: pick("tool_choice"),
    responseFormat: pick("response_format"),
    webSearch: pick("web_search"),
    signal,
  };
}

interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

const usageOf = (usage: LlmUsage): object => ({ prompt_tokens: usage.promptTokens, completion_tokens: usage.completionTokens, total_tokens: usage.totalTokens });

function whole(head: Head, answer: LlmAnswer): object {
  const message = { role: "assistant", content: answer.text || (answer.toolCalls?.length ? null : ""), refusal: null, ...(answer.toolCalls?.length ? { tool_calls: answer.toolCalls } : {}) };
  return {
    ...head,
    object: "chat.completion",
    model: answer.model ?? head.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: answer.finishReason ?? "stop" }],
    ...(answer.usage ? { usage: usageOf(answer.usage) } : {}),
  };
}

type Step = IteratorResult<LlmChunk, void>;

function events(head: Head, first: Step, chunks: AsyncGenerator<LlmChunk, void, undefined>, withUsage: boolean): Response {
  const encoder = new TextEncoder();
  const line = (data: object | string): Uint8Array => encoder.encode(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  const chunk = (delta: object, finish_reason: string | null, model?: string): Uint8Array =>
    line({ ...head, ...(model === undefined ? {} : { model }), object: "chat.completion.chunk", choices: [{ index: 0, delta, logprobs: null, finish_reason }] });
  const calls = (list: readonly LlmToolCall[]): object => ({ tool_calls: list.map((call, index) => ({ index, ...call })) });
  async function* lines(): AsyncGenerator<Uint8Array> {
    yield chunk({ role: "assistant", content: "" }, null);
    let usage: LlmUsage | undefined;
    try {
      for (let step = first; !step.done; step = await chunks.next()) {
        const { content, toolCalls, finishReason, model } = step.value;
        usage = step.value.usage ?? usage;
        if (content) yield chunk({ content }, null, model);
        if (toolCalls?.length) yield chunk(calls(toolCalls), null, model);
        if (finishReason !== undefined) yield chunk({}, finishReason, model);
      }
      if (withUsage && usage) yield line({ ...head, object: "chat.completion.chunk", choices: [], usage: usageOf(usage) });
      yield line("[DONE]");
    } catch (error) {
      yield line({ error: described(error).error });
    }
  }
  const source = lines();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void chunks.return(undefined),
  });
  return new Response(body, { status: 200, headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}

function described(error: unknown): { status: number; error: { message: string; type: string; param: string | null; code: string } } {
  const of = (status: number, type: string, code: string, message: string, param: string | null = null): ReturnType<typeof described> => ({ status, error: { message, type, param, code } });
  if (error instanceof Refused) return of(error.status, "invalid_request_error", error.code, error.message);
  const message = error instanceof Error ? error.message : "the request failed";
  if (!isOgError(error)) return of(500, "server_error", "unknown", message);
  const code: string = error.code;
  if (isOgError(error, "invalidInput")) return of(400, "invalid_request_error", code, message, error.field);
  if (/^(payment|insufficient|notPayable)/.test(code)) return of(402, "payment_error", code, message);
  const ofWallet = isOgError(error, "wrongChain") ? error.who === "the wallet" : code.startsWith("wallet");
  if (ofWallet) return of(403, "wallet_error", code, message);
  return of(502, "server_error", code, message);
}

function failure(error: unknown): Response {
  const { status, error: body } = described(error);
  return json(status, { error: body }, { "x-should-retry": "false" });
}

function json(status: number, body: object, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}

function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
