// `ogkit/langchain` under the real @langchain/core.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { tool } from "@langchain/core/tools";
import { z } from "zod";

import { Alpha } from "../opengradient-alpha/package.mjs";
import { stage } from "../opengradient-alpha/stage.mjs";
import { ChatOpenGradient, createReadWorkflowTool, createRunModelTool } from "../../../pkg/langchain.js";
import { createReadWorkflowTool as plainReader, createRunModelTool as plainRunner } from "../../../pkg/alphasense.js";
import { MODEL, call, devnetLlm, scripted, usage } from "./llm.mjs";

const weather = tool(async ({ city }) => `rain in ${city}`, { name: "weather", description: "The weather in a city", schema: z.object({ city: z.string() }) });

describe("ChatOpenGradient", () => {
  test("messages go out as OpenAI's; the answer has usage and its reason", async () => {
    const llm = scripted({ text: "hi", finishReason: "stop", model: "gpt-5", usage });
    const model = new ChatOpenGradient({ client: { llm }, model: MODEL, maxTokens: 7, temperature: 0.5 });
    const answer = await model.invoke([
      new SystemMessage("be brief"), new HumanMessage("hello"),
      new AIMessage({ content: "", tool_calls: [{ id: "c1", name: "weather", args: { city: "Köln" } }] }),
      new ToolMessage({ content: "rain", tool_call_id: "c1" }),
      new HumanMessage({ content: [{ type: "text", text: "and this?" }, { type: "image_url", image_url: { url: "https://x/y.png" } }] }),
    ], { stop: ["END"] });
    assert.deepEqual([answer.content, answer.usage_metadata, answer.response_metadata.finish_reason], ["hi", { input_tokens: 3, output_tokens: 2, total_tokens: 5 }, "stop"]);
    assert.deepEqual(llm.asked, [{
      model: MODEL, maxTokens: 7, temperature: 0.5, stopSequence: ["END"],
      messages: [
        { role: "system", content: "be brief" }, { role: "user", content: "hello" },
        { role: "assistant", content: "", tool_calls: [{ id: "c1", type: "function", function: { name: "weather", arguments: '{"city":"Köln"}' } }] },
        { role: "tool", content: "rain", tool_call_id: "c1" },
        { role: "user", content: [{ type: "text", text: "and this?" }, { type: "image_url", image_url: { url: "https://x/y.png" } }] },
      ],
    }]);
    assert.ok(!JSON.stringify(model).includes("asked"), "what it writes of itself has no client");
  });

  test("bindTools: the tool's schema goes out, its call comes back, also one that is no JSON", async () => {
    const llm = scripted({ text: "", finishReason: "tool_calls", toolCalls: [call()] }, { text: "", toolCalls: [call("{broken")] });
    const bound = new ChatOpenGradient({ client: llm, model: MODEL }).bindTools([weather], { tool_choice: "weather" });
    const asked = await bound.invoke("weather in Köln?");
    assert.deepEqual(asked.tool_calls, [{ type: "tool_call", id: "call_1", name: "weather", args: { city: "Köln" } }]);
    assert.equal((await weather.invoke(asked.tool_calls[0])).content, "rain in Köln");
    const [{ tools: [sent], toolChoice }] = llm.asked;
    assert.deepEqual([sent.type, sent.function.name, sent.function.parameters.properties.city.type], ["function", "weather", "string"]);
    assert.deepEqual(toolChoice, { type: "function", function: { name: "weather" } });
    const broken = await bound.invoke("again");
    assert.deepEqual([broken.tool_calls, broken.invalid_tool_calls[0].args], [[], "{broken"]);
  });

  test("streams text and tool calls, in a chain", async () => {
    const llm = scripted(
      [{ role: "assistant", content: "Hel" }, { content: "lo" }, { isFinal: true, finishReason: "stop", model: "gpt-5", usage }],
      [{ toolCalls: [call()], isFinal: true, finishReason: "tool_calls" }],
    );
    const model = new ChatOpenGradient({ client: llm, model: MODEL });
    const chain = ChatPromptTemplate.fromMessages([["human", "{question}"]]).pipe(model).pipe(new StringOutputParser());
    const texts = [];
    for await (const text of await chain.stream({ question: "hi" })) texts.push(text);
    assert.equal(texts.join(""), "Hello");
    assert.ok(texts.filter(Boolean).length === 2 && llm.asked[0].stream);
    let whole;
    for await (const chunk of await model.bindTools([weather]).stream("weather?")) whole = whole ? whole.concat(chunk) : chunk;
    assert.deepEqual(whole.tool_calls.map(({ name, args }) => [name, args]), [["weather", { city: "Köln" }]]);
  });

  test("failures stay what they are and are not asked again; an abort arrives", async () => {
    const failure = Object.assign(new Error("no"), { code: "paymentRefused" });
    const llm = scripted(failure);
    await assert.rejects(new ChatOpenGradient({ client: llm, model: MODEL }).invoke("x"), failure);
    assert.equal(llm.asked.length, 1);
    const stop = new AbortController();
    const slow = { chat: ({ signal }) => new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      setImmediate(() => stop.abort(new Error("enough")));
    }) };
    const asked = new ChatOpenGradient({ client: slow, model: MODEL }).invoke("x", { signal: stop.signal });
    await assert.rejects(asked);
    assert.throws(() => new ChatOpenGradient({ client: llm, model: "gpt-5" }), { code: "invalidInput", field: "model" });
  });

  test("structured output by a tool", async () => {
    const llm = scripted({ text: "", toolCalls: [{ id: "1", type: "function", function: { name: "extract", arguments: '{"city":"Bonn"}' } }] });
    const model = new ChatOpenGradient({ client: llm, model: MODEL }).withStructuredOutput(z.object({ city: z.string() }), { name: "extract" });
    assert.deepEqual(await model.invoke("Where?"), { city: "Bonn" });
  });
});

describe("on the devnet", () => {
  let net, network, wallet, alpha;
  before(async () => {
    ({ net, network, wallet } = await stage());
    alpha = await Alpha.connect({ wallet: wallet("client2"), network });
  });
  after(() => net?.stop());

  test("a model that is paid from the wallet: a tool round trip, and a stream", async () => {
    const model = new ChatOpenGradient({ client: await devnetLlm(net), model: MODEL, maxTokens: 30 });
    const bound = model.bindTools([weather]);
    const asked = await bound.invoke('call weather {"city": "Köln"}');
    assert.deepEqual(asked.tool_calls[0].args, { city: "Köln" });
    const told = await weather.invoke(asked.tool_calls[0]);
    const answer = await bound.invoke([new HumanMessage("weather?"), asked, told]);
    assert.match(answer.content, /The tool said rain in Köln/);
    assert.ok(answer.usage_metadata.total_tokens > 0);
    let text = "";
    for await (const chunk of await model.stream("Tell me more")) text += chunk.content;
    assert.ok(text.length > 10);
  });

  test("alphasense: a model and a workflow as LangChain tools and as plain functions", async () => {
    const run = {
      modelCid: net.models.linear, toolName: "double", toolDescription: "Doubles and adds a half", inference: alpha,
      modelInputProvider: ({ numbers }) => ({ x: numbers }),
      modelOutputFormatter: ({ modelOutput }) => [...modelOutput.numbers.x_out.data].join(" "),
    };
    const doubling = createRunModelTool({ ...run, toolInputSchema: z.object({ numbers: z.array(z.number()) }) });
    assert.equal(doubling.name, "double");
    assert.equal(await doubling.invoke({ numbers: [1, 2.5] }), "2.5 5.5");
    await assert.rejects(doubling.invoke({ numbers: ["a"] }), /schema/);
    const message = await doubling.invoke({ type: "tool_call", id: "1", name: "double", args: { numbers: [4] } });
    assert.equal(message.content, "8.5");

    const schema = { type: "object", properties: { numbers: { type: "array", items: { type: "number" } } } };
    const plain = plainRunner({ ...run, toolInputSchema: schema });
    assert.deepEqual(plain.definition, { type: "function", function: { name: "double", description: "Doubles and adds a half", parameters: schema } });
    assert.equal(await plain.call('{"numbers": [3]}'), "6.5");
    assert.throws(() => plainRunner({ ...run, toolName: "a tool" }), { code: "invalidInput", field: "toolName" });

    const read = { workflowContractAddress: net.workflows.btcOneHourPrice, toolName: "forecast", toolDescription: "BTC in an hour", alpha };
    const formatted = createReadWorkflowTool({ ...read, outputFormatter: (output) => `${output.numbers.regression_output.shape}` });
    assert.equal(await formatted.invoke({}), "1");
    assert.deepEqual(JSON.parse(await plainReader(read).call()).numbers.regression_output.shape, [1]);
    // An agent's model sees both.
    const bound = new ChatOpenGradient({ client: scripted({ text: "" }), model: MODEL }).bindTools([doubling, formatted]);
    await bound.invoke("x");
  });
});
