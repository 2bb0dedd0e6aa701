/** What the adapters for agents need of a chat model: the shape of `og.llm`, so that anything with it will do. */

/** A call that a model wants made, or made earlier, as OpenAI's API has it. */
export interface LlmToolCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

/** A message, as OpenAI's API has it. */
export type LlmInputMessage =
  | { readonly role: "system" | "user"; readonly content: string | readonly { readonly type: string; readonly [member: string]: unknown }[] }
  | { readonly role: "assistant"; readonly content: string; readonly tool_calls?: readonly LlmToolCall[] }
  | { readonly role: "tool"; readonly content: string; readonly tool_call_id: string };

/** A tool that the model may ask to have called. */
export interface LlmTool {
  readonly type: "function";
  readonly function: { readonly name: string; readonly description?: string; readonly parameters?: unknown; readonly strict?: boolean };
}

/** One chat request. */
export interface LlmRequest {
  model: string;
  messages: readonly LlmInputMessage[];
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  stopSequence?: string | readonly string[] | undefined;
  tools?: readonly LlmTool[] | undefined;
  toolChoice?: "auto" | "none" | "required" | { readonly type: "function"; readonly function: { readonly name: string } } | undefined;
  responseFormat?:
    | { readonly type: "text" }
    | { readonly type: "json_object" }
    | { readonly type: "json_schema"; readonly json_schema: { readonly name: string; readonly schema: object; readonly strict?: boolean } }
    | undefined;
  webSearch?: boolean | undefined;
  stream?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** How many tokens went in and out. */
export interface LlmUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
}

/** A whole answer. */
export interface LlmAnswer {
  readonly text: string;
  readonly toolCalls?: readonly LlmToolCall[] | undefined;
  readonly finishReason?: string | undefined;
  readonly model?: string | undefined;
  readonly usage?: LlmUsage | undefined;
  readonly images?: readonly string[] | undefined;
}

/** A piece of a streamed answer. */
export interface LlmChunk {
  readonly content?: string | undefined;
  readonly toolCalls?: readonly LlmToolCall[] | undefined;
  readonly finishReason?: string | undefined;
  readonly model?: string | undefined;
  readonly usage?: LlmUsage | undefined;
}

/** What answers: `og.llm`, or anything that chats as it does. With `stream: true` the result can be iterated at once. */
export interface LlmLike {
  chat(request: never): unknown;
}

/** A whole client will do too. */
export type LlmSource = LlmLike | { readonly llm: LlmLike };

type Chat = (request: LlmRequest) => PromiseLike<LlmAnswer> | AsyncIterable<LlmChunk>;

function chatOf(source: LlmSource): Chat {
  const llm = "llm" in source ? source.llm : source;
  return (request) => (llm.chat as unknown as Chat).call(llm, request);
}

/** Members that are `undefined` are left out: the core takes what is there for wanted. */
function lean(request: LlmRequest): LlmRequest {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as unknown as LlmRequest;
}

/** @internal A whole answer. */
export async function ask(source: LlmSource, request: LlmRequest): Promise<LlmAnswer> {
  return (await chatOf(source)(lean(request))) as LlmAnswer;
}

/** @internal An answer as it comes. It begins when it is iterated. */
export async function* askStream(source: LlmSource, request: LlmRequest): AsyncGenerator<LlmChunk, void, undefined> {
  yield* chatOf(source)(lean({ ...request, stream: true })) as AsyncIterable<LlmChunk>;
}

/** @internal A call's arguments; a model wrote them, so they may be no object. */
export function parseArguments(text: string): Record<string, unknown> | undefined {
  if (!text.trim()) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
