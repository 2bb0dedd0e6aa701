// The libraries take the models as their own types have them, without a cast.
import { generateText, jsonSchema, streamText, tool, type LanguageModel } from "ai";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { AIMessageChunk } from "@langchain/core/messages";
import type { StructuredToolInterface } from "@langchain/core/tools";
import OpenAI from "openai";

import { createOpenGradient, toAiTool } from "../../../pkg/ai.js";
import type { FunctionTool, ReadWorkflowToolOptions } from "../../../pkg/alphasense.js";
import { ChatOpenGradient, createReadWorkflowTool } from "../../../pkg/langchain.js";
import { createOpenAIFetch } from "../../../pkg/openai.js";
import type { OpenGradient } from "../../../pkg/opengradient.js";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_ extends true>(): void => {};
declare const og: OpenGradient;
declare const ours: FunctionTool;
declare const workflow: ReadWorkflowToolOptions;

const model = createOpenGradient(og)("openai/gpt-5");
is<Same<typeof model.specificationVersion, "v3">>();
const models: LanguageModel[] = [model, createOpenGradient(og.llm, { maxTokens: 5 }).languageModel("openai/gpt-5")];
const { text } = await generateText({ model, prompt: "", tools: { ours: tool(toAiTool(ours, jsonSchema)) } });
is<Same<typeof text, string>>();
for await (const delta of streamText({ model, prompt: "" }).textStream) is<Same<typeof delta, string>>();
// @ts-expect-error: a client is no model
await generateText({ model: og, prompt: "" });

const chat = new ChatOpenGradient({ client: og, model: "openai/gpt-5" });
const base: BaseChatModel = chat;
const read: StructuredToolInterface = createReadWorkflowTool(workflow);
const answer = await chat.bindTools([read]).invoke("");
is<Same<typeof answer.content, AIMessageChunk["content"]>>();

const openai = new OpenAI({ apiKey: "", fetch: createOpenAIFetch(og) });
const { choices } = await openai.chat.completions.create({ model: "openai/gpt-5", messages: [] });
is<Same<(typeof choices)[number]["message"]["content"], string | null>>();
void [models, base];
