/** `ogkit/ai`: a language model provider for the Vercel AI SDK (`ai` 6 and 7) that is paid from the user's wallet. */

import type { LanguageModel } from "ai";

import type { FunctionTool } from "./alphasense.js";
import { ask, askStream, type LlmAnswer, type LlmInputMessage, type LlmRequest, type LlmSource, type LlmToolCall, type LlmUsage } from "./llm-like.js";

/** The provider interface's third version: the newest that both `ai` 6 and `ai` 7 take as it is, though before 7.0.108 it lost files. */
export type OpenGradientLanguageModel = Extract<LanguageModel, { specificationVersion: "v3" }>;

type CallOptions = Parameters<OpenGradientLanguageModel["doGenerate"]>[0];
type Generated = Awaited<ReturnType<OpenGradientLanguageModel["doGenerate"]>>;
type Streamed = Awaited<ReturnType<OpenGradientLanguageModel["doStream"]>>;
type StreamPart = Streamed["stream"] extends ReadableStream<infer Part> ? Part : never;
type PromptMessage = CallOptions["prompt"][number];
type Warning = Generated["warnings"][number];
type FinishReason = Generated["finishReason"];
type Usage = Generated["usage"];
type ToolOutput = Extract<Extract<PromptMessage, { role: "tool" }>["content"][number], { type: "tool-result" }>["output"];

/** What the models answer by default. */
export interface OpenGradientProviderSettings {
  /** Where a call does not say it. Default: the client's own, 100. */
  readonly maxTokens?: number | undefined;
  readonly webSearch?: boolean | undefined;
}

/** Makes language models by their names, such as `openai/gpt-5`. */
export interface OpenGradientProvider {
  (modelId: string): OpenGradientLanguageModel;
  languageModel(modelId: string): OpenGradientLanguageModel;
}

/** A provider over `og` or `og.llm`. */
export function createOpenGradient(source: LlmSource, settings: OpenGradientProviderSettings = {}): OpenGradientProvider {
  // Not frozen: `ai` 7 wraps it in a proxy that tells another version.
  const languageModel = (modelId: string): OpenGradientLanguageModel => ({
    specificationVersion: "v3" as const,
    provider: "opengradient",
    modelId,
    // Images go to the enclave as addresses; it fetches them.
    supportedUrls: { "image/*": [/^https?:\/\/.+$/] },
    async doGenerate(options: CallOptions): Promise<Generated> {
      const { request, warnings } = toRequest(modelId, settings, options);
      const answer = await ask(source, request);
      return { content: contentOf(answer), finishReason: finish(answer.finishReason), usage: usageOf(answer.usage), warnings, ...(answer.model === undefined ? {} : { response: { modelId: answer.model } }) };
    },
    async doStream(options: CallOptions): Promise<Streamed> {
      const { request, warnings } = toRequest(modelId, settings, options);
      const chunks = askStream(source, request);
      // The first is waited for, so that what was refused is a failure of the call and not of its stream.
      const first = await chunks.next();
      return { stream: toStream(streamParts(first, chunks, warnings), () => void chunks.return(undefined)) };
    },
  });
  return Object.assign((modelId: string) => languageModel(modelId), { languageModel });
}

function toRequest(model: string, settings: OpenGradientProviderSettings, options: CallOptions): { request: LlmRequest; warnings: Warning[] } {
  const warnings: Warning[] = [];
  for (const feature of ["topP", "topK", "presencePenalty", "frequencyPenalty", "seed"] as const) {
    if (options[feature] !== undefined) warnings.push({ type: "unsupported", feature, details: "the enclaves neither honour nor sign it" });
  }
  const tools = (options.tools ?? []).flatMap((tool) => {
    if (tool.type === "function") {
      const { name, description, inputSchema } = tool;
      return [{ type: "function" as const, function: { name, ...(description === undefined ? {} : { description }), parameters: inputSchema } }];
    }
    warnings.push({ type: "unsupported", feature: `provider-defined tool ${tool.id}` });
    return [];
  });
  const { responseFormat, toolChoice } = options;
  const request: LlmRequest = {
    model,
    messages: options.prompt.flatMap((message) => toWire(message, warnings)),
    maxTokens: options.maxOutputTokens ?? settings.maxTokens,
    temperature: options.temperature,
    stopSequence: options.stopSequences?.length ? options.stopSequences : undefined,
    tools: tools.length ? tools : undefined,
    toolChoice: !tools.length || !toolChoice ? undefined : toolChoice.type === "tool" ? { type: "function", function: { name: toolChoice.toolName } } : toolChoice.type,
    responseFormat: responseFormat?.type !== "json" ? undefined
      : responseFormat.schema ? { type: "json_schema", json_schema: { name: responseFormat.name ?? "response", schema: responseFormat.schema } }
      : { type: "json_object" },
    webSearch: settings.webSearch || undefined,
    signal: options.abortSignal,
  };
  return { request, warnings };
}

function toWire(message: PromptMessage, warnings: Warning[]): LlmInputMessage[] {
  switch (message.role) {
    case "system":
      return [{ role: "system", content: message.content }];
    case "user": {
      const [only] = message.content;
      if (message.content.length === 1 && only?.type === "text") return [{ role: "user", content: only.text }];
      return [{ role: "user", content: message.content.map((part) => {
        if (part.type === "text") return { type: "text", text: part.text };
        const url = part.data instanceof URL ? part.data.href : `data:${part.mediaType};base64,${typeof part.data === "string" ? part.data : base64(part.data)}`;
        if (part.mediaType.startsWith("image/")) return { type: "image_url", image_url: { url } };
        return { type: "file", file: { filename: part.filename ?? "file", file_data: url } };
      }) }];
    }
    case "assistant": {
      const text = message.content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
      const calls = message.content.flatMap((part): LlmToolCall[] =>
        part.type === "tool-call" ? [{ id: part.toolCallId, type: "function", function: { name: part.toolName, arguments: JSON.stringify(part.input) } }] : []);
      if (message.content.some((part) => part.type !== "text" && part.type !== "tool-call")) {
        warnings.push({ type: "other", message: "only texts and tool calls of earlier answers are sent" });
      }
      return [{ role: "assistant", content: text, ...(calls.length ? { tool_calls: calls } : {}) }];
    }
    case "tool":
      return message.content.flatMap((part): LlmInputMessage[] =>
        part.type === "tool-result" ? [{ role: "tool", tool_call_id: part.toolCallId, content: resultText(part.output) }] : []);
  }
}

function resultText(output: ToolOutput): string {
  switch (output.type) {
    case "text":
    case "error-text":
      return output.value;
    case "execution-denied":
      return output.reason ?? "The tool was not allowed to run.";
    default:
      return JSON.stringify(output.value);
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  // In pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

function contentOf(answer: LlmAnswer): Generated["content"] {
  const text = answer.text ? [{ type: "text" as const, text: answer.text }] : [];
  return [...text, ...(answer.toolCalls ?? []).map(callOf), ...(answer.images ?? []).flatMap(imageOf)];
}

function imageOf(uri: string): { type: "file"; mediaType: string; data: string }[] {
  const found = /^data:([^;,]+);base64,(.*)$/s.exec(uri);
  return found ? [{ type: "file", mediaType: found[1] as string, data: found[2] as string }] : [];
}

function callOf(call: LlmToolCall): { type: "tool-call"; toolCallId: string; toolName: string; input: string } {
  return { type: "tool-call", toolCallId: call.id, toolName: call.function.name, input: call.function.arguments || "{}" };
}

function finish(reason: string | undefined): FinishReason {
  const known: Record<string, FinishReason["unified"]> = { stop: "stop", length: "length", content_filter: "content-filter", tool_calls: "tool-calls", tool_call: "tool-calls", error: "error" };
  return { unified: (reason !== undefined && Object.hasOwn(known, reason) ? known[reason] : undefined) ?? "other", raw: reason };
}

function usageOf(usage: LlmUsage | undefined): Usage {
  const input = { total: usage?.promptTokens, noCache: undefined, cacheRead: undefined, cacheWrite: undefined };
  return { inputTokens: input, outputTokens: { total: usage?.completionTokens, text: undefined, reasoning: undefined } };
}

type Chunk = Awaited<ReturnType<ReturnType<typeof askStream>["next"]>>;

async function* streamParts(first: Chunk, rest: ReturnType<typeof askStream>, warnings: Warning[]): AsyncGenerator<StreamPart> {
  yield { type: "stream-start", warnings };
  let reason: string | undefined;
  let usage: LlmUsage | undefined;
  let named = false;
  let open = false;
  try {
    for (let step = first; !step.done; step = await rest.next()) {
      const chunk = step.value;
      if (!named && chunk.model !== undefined) {
        named = true;
        yield { type: "response-metadata", modelId: chunk.model };
      }
      if (chunk.content) {
        if (!open) yield { type: "text-start", id: "0" };
        open = true;
        yield { type: "text-delta", id: "0", delta: chunk.content };
      }
      for (const call of chunk.toolCalls ?? []) {
        const part = callOf(call);
        yield { type: "tool-input-start", id: call.id, toolName: part.toolName };
        yield { type: "tool-input-delta", id: call.id, delta: part.input };
        yield { type: "tool-input-end", id: call.id };
        yield part;
      }
      reason = chunk.finishReason ?? reason;
      usage = chunk.usage ?? usage;
    }
  } catch (error) {
    if (open) yield { type: "text-end", id: "0" };
    yield { type: "error", error };
    yield { type: "finish", finishReason: finish("error"), usage: usageOf(usage) };
    return;
  }
  if (open) yield { type: "text-end", id: "0" };
  yield { type: "finish", finishReason: finish(reason), usage: usageOf(usage) };
}

function toStream(parts: AsyncGenerator<StreamPart>, cancel: () => void): ReadableStream<StreamPart> {
  return new ReadableStream<StreamPart>({
    async pull(controller) {
      const { value, done } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel,
  });
}

/** What a function tool is to the AI SDK's `tool` and `jsonSchema`: `tool({ ...toAiTool(t, jsonSchema) })`. */
export function toAiTool<Schema>(tool: FunctionTool, jsonSchema: (schema: never) => Schema): { description: string; inputSchema: Schema; execute: (args: unknown) => Promise<string> } {
  // Without the error classes, which would double what this entry takes.
  if (typeof jsonSchema !== "function") throw Object.assign(new TypeError("jsonSchema: expected the function of that name in ai"), { code: "invalidInput" });
  try {
    const { description, parameters } = tool;
    return { description, inputSchema: jsonSchema(parameters as never), execute: (args) => tool.call(args as Record<string, unknown>) };
  } catch (cause) {
    throw Object.assign(new TypeError("tool: expected a function tool with a schema that jsonSchema takes", { cause }), { code: "invalidInput" });
  }
}
