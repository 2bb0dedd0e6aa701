// `ogkit/openai` under the real `openai` package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import OpenAI from "openai";

import { startOpenGradient } from "../../devnet/opengradient/index.mjs";
import { InvalidInputError } from "../../../pkg/errors.js";
import { createOpenAIFetch } from "../../../pkg/openai.js";
import { MODEL, call, devnetLlm, scripted, usage, weather } from "./llm.mjs";

const client = (llm) => new OpenAI({ apiKey: "unused", baseURL: "https://opengradient.invalid/v1", fetch: createOpenAIFetch(llm) });
const messages = [{ role: "user", content: "hello" }];

describe("createOpenAIFetch", () => {
  test("a chat completion; parameters by our names, what is not honoured left out", async () => {
    const llm = scripted({ text: "hi", finishReason: "stop", model: "gpt-5", usage });
    const answer = await client({ llm }).chat.completions.create({ model: MODEL, messages, max_completion_tokens: 9, temperature: 0.5, stop: "END", top_p: 0.9, n: 1 });
    assert.deepEqual([answer.object, answer.model, answer.choices[0].message.content, answer.choices[0].finish_reason, answer.usage.total_tokens], ["chat.completion", "gpt-5", "hi", "stop", 5]);
    const [{ signal: _, ...asked }] = llm.asked;
    assert.deepEqual(asked, { model: MODEL, messages, maxTokens: 9, temperature: 0.5, stopSequence: "END" });
  });

  test("tools, with the package's own runner", async () => {
    const llm = scripted({ text: "", finishReason: "tool_calls", toolCalls: [call()] }, { text: "It rains.", finishReason: "stop" });
    const runner = client(llm).chat.completions.runTools({ model: MODEL, messages, tools: [{ type: "function", function: { ...weather.function, parse: JSON.parse, function: async ({ city }) => `rain in ${city}` } }] });
    assert.equal(await runner.finalContent(), "It rains.");
    assert.deepEqual(llm.asked[1].messages.at(-1), { role: "tool", tool_call_id: "call_1", content: "rain in Köln" });
  });

  test("streams, with usage at the end", async () => {
    const llm = scripted([{ content: "Hel" }, { content: "lo" }, { finishReason: "stop", usage }], [{ toolCalls: [call()], finishReason: "tool_calls" }]);
    const openai = client(llm);
    let text = "";
    let total;
    for await (const chunk of await openai.chat.completions.create({ model: MODEL, messages, stream: true, stream_options: { include_usage: true } })) {
      text += chunk.choices[0]?.delta.content ?? "";
      total = chunk.usage?.total_tokens ?? total;
    }
    assert.deepEqual([text, total], ["Hello", 5]);
    const whole = await openai.chat.completions.stream({ model: MODEL, messages, tools: [weather] }).finalChatCompletion();
    assert.deepEqual(whole.choices[0].message.tool_calls[0].function.arguments, '{"city":"Köln"}');
  });

  test("failures are OpenAI's errors, and nothing is asked twice", async () => {
    const input = new InvalidInputError({ name: "InvalidInputError", code: "invalidInput", message: "messages: bad", fields: { field: "messages", reason: "bad" } });
    const llm = scripted(input, new Error("boom"), [new Error("boom")], [{ content: "half" }, new Error("cut")]);
    const openai = client(llm);
    await assert.rejects(openai.chat.completions.create({ model: MODEL, messages }), (error) => error instanceof OpenAI.BadRequestError && error.param === "messages" && error.code === "invalidInput");
    await assert.rejects(openai.chat.completions.create({ model: MODEL, messages }), (error) => error instanceof OpenAI.InternalServerError);
    await assert.rejects(openai.chat.completions.create({ model: MODEL, messages, stream: true }), OpenAI.InternalServerError);
    assert.equal(llm.asked.length, 3);
    const stream = await openai.chat.completions.create({ model: MODEL, messages, stream: true });
    await assert.rejects((async () => { for await (const _ of stream); })(), /cut/);
    await assert.rejects(openai.chat.completions.create({ model: MODEL, messages, n: 2 }), OpenAI.BadRequestError);
    await assert.rejects(openai.models.list(), OpenAI.NotFoundError);
    await assert.rejects(openai.embeddings.create({ model: MODEL, input: "x" }), OpenAI.NotFoundError);
  });

  test("an abort", async () => {
    const stop = new AbortController();
    const slow = { chat: ({ signal }) => new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      setImmediate(() => stop.abort());
    }) };
    const asked = client(slow).chat.completions.create({ model: MODEL, messages }, { signal: stop.signal });
    await assert.rejects(asked, OpenAI.APIUserAbortError);
  });
});

describe("on the devnet", () => {
  let net, openai;
  before(async () => {
    net = await startOpenGradient();
    openai = client(await devnetLlm(net));
  });
  after(() => net?.stop());

  test("a model that is paid from the wallet: an answer, a tool call, a stream", async () => {
    const answer = await openai.chat.completions.create({ model: MODEL, messages, max_tokens: 20 });
    assert.ok(answer.choices[0].message.content.length > 5 && answer.usage.total_tokens > 0);
    const called = await openai.chat.completions.create({ model: MODEL, messages: [{ role: "user", content: 'call weather {"city": "Bonn"}' }], tools: [weather] });
    assert.deepEqual(JSON.parse(called.choices[0].message.tool_calls[0].function.arguments), { city: "Bonn" });
    let text = "";
    for await (const chunk of await openai.chat.completions.create({ model: MODEL, messages, max_tokens: 20, stream: true })) text += chunk.choices[0]?.delta.content ?? "";
    assert.ok(text.length > 5);
  });
});
