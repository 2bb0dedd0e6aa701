/** `ogkit/langchain`: a chat model for LangChain.js that is paid from the user's wallet, and the alphasense tools. */

import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import {
  BaseChatModel, type BaseChatModelCallOptions, type BaseChatModelParams, type BindToolsInput, type LangSmithParams,
} from "@langchain/core/language_models/chat_models";
import { AIMessageChunk, type AIMessage, type BaseMessage, type ChatMessage, type MessageContent, type UsageMetadata } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import type { Runnable } from "@langchain/core/runnables";
import { DynamicStructuredTool, type DynamicStructuredToolInput } from "@langchain/core/tools";
import { convertToOpenAITool } from "@langchain/core/utils/function_calling";

import * as alphasense from "./alphasense.js";
import type { FunctionTool, ReadWorkflowToolOptions, RunModelToolOptions } from "./alphasense.js";
import { bag, callable } from "./border.js";
import { invalidInput } from "./errors.js";
import {
  ask, askStream, parseArguments, type LlmAnswer, type LlmInputMessage, type LlmRequest, type LlmSource, type LlmTool, type LlmToolCall,
  type LlmUsage,
} from "./llm-like.js";

/** How the model is set up. */
export interface ChatOpenGradientFields extends BaseChatModelParams {
  /** `og` or `og.llm`. */
  client: LlmSource;
  /** A member of `TeeLlm`, or any `vendor/name` that the servers know. */
  model: string;
  /** Default: 300, as in the official adapter. */
  maxTokens?: number | undefined;
  /** Default: 0. */
  temperature?: number | undefined;
  webSearch?: boolean | undefined;
}

/** Options of one call. */
export interface ChatOpenGradientCallOptions extends BaseChatModelCallOptions {
  tools?: BindToolsInput[] | undefined;
  strict?: boolean | undefined;
  response_format?: LlmRequest["responseFormat"];
  maxTokens?: number | undefined;
  temperature?: number | undefined;
}

/** A chat model for LangChain.js: tools, tool calls both ways, streaming, structured output. */
export class ChatOpenGradient extends BaseChatModel<ChatOpenGradientCallOptions, AIMessageChunk> {
  static override lc_name(): string {
    return "ChatOpenGradient";
  }

  readonly model: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly webSearch: boolean;
  /** Not among what LangChain writes to traces: it holds the wallet. */
  readonly #client: LlmSource;

  /** @throws InvalidInputError */
  constructor(fields: ChatOpenGradientFields) {
    const { client, model, maxTokens, temperature, webSearch, ...rest } = bag(fields, "fields");
    // A paid request that failed may have been paid: nothing is asked again unless the caller wants it.
    super({ maxRetries: 0, ...rest });
    if (typeof model !== "string" || !model.includes("/")) throw invalidInput("model", "expected vendor/name, such as openai/gpt-5");
    this.#client = client;
    this.model = model;
    this.maxTokens = maxTokens ?? 300;
    this.temperature = temperature ?? 0;
    this.webSearch = webSearch ?? false;
  }

  override _llmType(): string {
    return "opengradient";
  }

  override getLsParams(options: this["ParsedCallOptions"]): LangSmithParams {
    const { model, temperature, maxTokens } = this;
    return { ...super.getLsParams(options), ls_provider: "opengradient", ls_model_name: model, ls_temperature: temperature, ls_max_tokens: maxTokens };
  }

  override bindTools(tools: BindToolsInput[], kwargs: Partial<ChatOpenGradientCallOptions> = {}): Runnable<BaseLanguageModelInput, AIMessageChunk, ChatOpenGradientCallOptions> {
    return this.withConfig({ ...kwargs, tools });
  }

  #request(messages: BaseMessage[], options: this["ParsedCallOptions"]): LlmRequest {
    const { strict } = options;
    const tools = options.tools?.map((tool) => convertToOpenAITool(tool as Record<string, unknown>, strict === undefined ? {} : { strict }) as LlmTool);
    return {
      model: this.model,
      messages: messages.map(toWire),
      maxTokens: options.maxTokens ?? this.maxTokens,
      temperature: options.temperature ?? this.temperature,
      stopSequence: options.stop,
      tools: tools?.length ? tools : undefined,
      toolChoice: tools?.length ? toolChoice(options.tool_choice) : undefined,
      responseFormat: options.response_format,
      webSearch: this.webSearch || undefined,
      signal: options.signal,
    };
  }

  /** @internal */
  override async _generate(messages: BaseMessage[], options: this["ParsedCallOptions"], runManager?: CallbackManagerForLLMRun): Promise<ChatResult> {
    const answer = await ask(this.#client, this.#request(messages, options));
    const message = toMessage(answer);
    await runManager?.handleLLMNewToken(answer.text);
    const usage = answer.usage && { promptTokens: answer.usage.promptTokens, completionTokens: answer.usage.completionTokens, totalTokens: answer.usage.totalTokens };
    return {
      generations: [{ text: answer.text, message, generationInfo: { finish_reason: answer.finishReason } }],
      llmOutput: usage ? { tokenUsage: usage } : {},
    };
  }

  /** @internal */
  override async *_streamResponseChunks(messages: BaseMessage[], options: this["ParsedCallOptions"], runManager?: CallbackManagerForLLMRun): AsyncGenerator<ChatGenerationChunk> {
    for await (const { content = "", toolCalls, finishReason, usage, model } of askStream(this.#client, this.#request(messages, options))) {
      const message = new AIMessageChunk({
        content,
        tool_call_chunks: (toolCalls ?? []).map((call, index) => ({ type: "tool_call_chunk" as const, index, id: call.id, name: call.function.name, args: call.function.arguments })),
      });
      // Under exactOptionalPropertyTypes their own type of this property is `undefined` alone.
      if (usage) Object.assign(message, { usage_metadata: usageOf(usage) });
      // Merging joins texts, so each is told once.
      message.response_metadata = metadata(finishReason, finishReason === undefined ? undefined : model);
      const generationInfo = finishReason === undefined ? {} : { finish_reason: finishReason };
      yield new ChatGenerationChunk({ text: content, message, generationInfo });
      if (content) await runManager?.handleLLMNewToken(content);
    }
  }
}

function metadata(finishReason: string | undefined, model: string | undefined): AIMessage["response_metadata"] {
  return { ...(finishReason === undefined ? {} : { finish_reason: finishReason }), ...(model === undefined ? {} : { model_name: model }) };
}

function usageOf(usage: LlmUsage): UsageMetadata {
  return { input_tokens: usage.promptTokens, output_tokens: usage.completionTokens, total_tokens: usage.totalTokens };
}

function toolChoice(choice: ChatOpenGradientCallOptions["tool_choice"]): LlmRequest["toolChoice"] {
  if (choice === undefined) return undefined;
  if (choice === "any" || choice === "required") return "required";
  if (choice === "auto" || choice === "none") return choice;
  if (typeof choice === "string") return { type: "function", function: { name: choice } };
  return choice as LlmRequest["toolChoice"];
}

/** Text in whatever parts it comes. */
function plainText(content: MessageContent): string {
  if (typeof content === "string") return content;
  return content.map((part) => (typeof part === "string" ? part : "text" in part && typeof part.text === "string" ? part.text : "")).join("");
}

/** A user's parts keep their images. */
function parts(content: MessageContent): LlmInputMessage & { role: "user" } {
  if (typeof content === "string") return { role: "user", content };
  const only = content.every((part) => part.type === "text");
  return { role: "user", content: only ? plainText(content) : (content as { type: string }[]) };
}

function toWire(message: BaseMessage): LlmInputMessage {
  const content = plainText(message.content);
  switch (message.type) {
    case "system":
    case "developer" as never:
      return { role: "system", content };
    case "human":
      return parts(message.content);
    case "ai": {
      const calls = (message as AIMessage).tool_calls ?? [];
      const tool_calls = calls.map((call): LlmToolCall => ({ id: call.id ?? "", type: "function", function: { name: call.name, arguments: JSON.stringify(call.args) } }));
      return { role: "assistant", content, ...(tool_calls.length ? { tool_calls } : {}) };
    }
    case "tool":
      return { role: "tool", content, tool_call_id: (message as BaseMessage & { tool_call_id: string }).tool_call_id };
    case "generic": {
      const { role } = message as ChatMessage;
      if (role === "system" || role === "user" || role === "assistant") return { role, content };
      throw invalidInput("messages", `expected the role system, user or assistant, but found ${role}`);
    }
    default:
      throw invalidInput("messages", `expected system, human, ai and tool messages, but found ${message.type}`);
  }
}

/** A chunk, as LangChain's own structured output wants it. */
function toMessage(answer: LlmAnswer): AIMessageChunk {
  const calls = (answer.toolCalls ?? []).map((call) => ({ call, args: parseArguments(call.function.arguments) }));
  const message = new AIMessageChunk({
    content: answer.text,
    tool_calls: calls.flatMap(({ call, args }) => (args ? [{ type: "tool_call" as const, id: call.id, name: call.function.name, args }] : [])),
  });
  // The constructor leaves out those that it is given.
  message.invalid_tool_calls = calls.flatMap(({ call, args }) => (args ? [] : [{ type: "invalid_tool_call" as const, id: call.id, name: call.function.name, args: call.function.arguments, error: "its arguments are no JSON object" }]));
  if (answer.usage) Object.assign(message, { usage_metadata: usageOf(answer.usage) });
  message.response_metadata = metadata(answer.finishReason, answer.model);
  return message;
}

/** A function tool as LangChain.js has it. */
export function toLangChainTool(tool: FunctionTool, given?: unknown): DynamicStructuredTool {
  const { name, description, parameters, call } = bag(tool, "tool");
  callable(call, "tool.call");
  if (typeof name !== "string" || typeof description !== "string") throw invalidInput("tool", "expected a name and a description");
  const schema = given ?? parameters;
  return new DynamicStructuredTool({
    name,
    description,
    schema: schema as DynamicStructuredToolInput["schema"],
    func: (args: Record<string, unknown>) => tool.call(args),
  });
}

/**
 * A LangChain.js tool that runs a model on chain; each call is a transaction that the user's wallet signs. `toolInputSchema` is a
 * Zod schema or a JSON schema.
 * @throws InvalidInputError
 */
export function createRunModelTool<Args = Record<string, unknown>>(options: RunModelToolOptions<Args>): DynamicStructuredTool {
  return toLangChainTool(alphasense.createRunModelTool(options));
}

/** A LangChain.js tool that reads a workflow's newest result; it signs nothing. @throws InvalidInputError */
export function createReadWorkflowTool(options: ReadWorkflowToolOptions): DynamicStructuredTool {
  return toLangChainTool(alphasense.createReadWorkflowTool(options));
}
