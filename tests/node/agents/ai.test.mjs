// `ogkit/ai` under the real Vercel AI SDK, in both versions that it is made for.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as ai6 from "ai-6";
import * as ai7 from "ai";
import { z } from "zod";

import { startOpenGradient } from "../../devnet/opengradient/index.mjs";
import { createOpenGradient, toAiTool } from "../../../pkg/ai.js";
import { createReadWorkflowTool } from "../../../pkg/alphasense.js";
import { MODEL, call, devnetLlm, scripted, usage } from "./llm.mjs";

for (const [version, ai] of [["6", ai6], ["7", ai7]]) {
  const { generateText, streamText, tool, jsonSchema, stepCountIs, isStepCount, Output } = ai;
  const steps = (stepCountIs ?? isStepCount)(3);
  const weather = () => tool({ description: "The weather", inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `rain in ${city}` });

  describe(`ai ${version}`, () => {
    test("generateText: text, usage, warnings for what is not honoured", async () => {
      const llm = scripted({ text: "hi", finishReason: "length", model: "gpt-5", usage });
      const result = await generateText({ model: createOpenGradient(llm)(MODEL), system: "brief", prompt: "hello", maxOutputTokens: 9, temperature: 0.5, topP: 0.9, stopSequences: ["END"] });
      assert.deepEqual([result.text, result.finishReason, result.usage.totalTokens], ["hi", "length", 5]);
      assert.deepEqual(result.warnings.map(({ feature }) => feature), ["topP"]);
      assert.equal(result.response.modelId, "gpt-5");
      const [{ signal: _, ...asked }] = llm.asked;
      assert.deepEqual(asked, { model: MODEL, messages: [{ role: "system", content: "brief" }, { role: "user", content: "hello" }], maxTokens: 9, temperature: 0.5, stopSequence: ["END"] });
    });

    test("tools: called, run, answered, in steps", async () => {
      const llm = scripted({ text: "", finishReason: "tool_calls", toolCalls: [call()] }, { text: "It rains.", finishReason: "stop" });
      const result = await generateText({ model: createOpenGradient({ llm })(MODEL), prompt: "weather in Köln?", tools: { weather: weather() }, stopWhen: steps });
      assert.equal(result.text, "It rains.");
      const [first, second] = llm.asked;
      assert.equal(first.toolChoice, "auto");
      assert.equal(first.tools[0].function.parameters.properties.city.type, "string");
      assert.deepEqual(second.messages.slice(1), [
        { role: "assistant", content: "", tool_calls: [call()] },
        { role: "tool", tool_call_id: "call_1", content: "rain in Köln" },
      ]);
    });

    test("a tool that must be called", async () => {
      const llm = scripted({ text: "", finishReason: "tool_calls", toolCalls: [call()] }, { text: "", finishReason: "tool_calls", toolCalls: [call()] });
      const ask = (toolChoice) => generateText({ model: createOpenGradient(llm)(MODEL), prompt: "weather?", tools: { weather: weather() }, toolChoice });
      assert.equal((await ask("required")).toolResults[0].output, "rain in Köln");
      await ask({ type: "tool", toolName: "weather" });
      assert.deepEqual(llm.asked.map(({ toolChoice }) => toolChoice), ["required", { type: "function", function: { name: "weather" } }]);
    });

    test("streamText: deltas, a tool call, a failure in the middle", async () => {
      const llm = scripted(
        [{ content: "Hel", model: "gpt-5" }, { content: "lo" }, { finishReason: "stop", usage }],
        [{ toolCalls: [call()], finishReason: "tool_calls" }],
        [{ content: "It " }, { content: "rains." }, { finishReason: "stop" }],
        [{ content: "half" }, new Error("cut")],
      );
      const model = createOpenGradient(llm).languageModel(MODEL);
      const first = streamText({ model, prompt: "hi" });
      const deltas = [];
      for await (const delta of first.textStream) deltas.push(delta);
      assert.deepEqual(deltas, ["Hel", "lo"]);
      assert.deepEqual([await first.finishReason, (await first.usage).totalTokens], ["stop", 5]);
      const second = streamText({ model, prompt: "weather?", tools: { weather: weather() }, stopWhen: steps });
      assert.equal(await second.text, "It rains.");
      const errors = [];
      const third = streamText({ model, prompt: "x", onError: ({ error }) => errors.push(error.message) });
      let got = "";
      for await (const delta of third.textStream) got += delta;
      assert.deepEqual([got, errors], ["half", ["cut"]]);
    });

    test("a refusal is the call's own failure and is not asked again", async () => {
      const failure = Object.assign(new Error("no"), { code: "paymentRefused" });
      const llm = scripted(failure);
      await assert.rejects(generateText({ model: createOpenGradient(llm)(MODEL), prompt: "x" }), (error) => error === failure || error.cause === failure || error.message.includes("no"));
      assert.equal(llm.asked.length, 1);
    });

    test("a form, images, function tools of ours", async () => {
      const llm = scripted({ text: '{"city":"Bonn"}', finishReason: "stop" }, { text: "a picture", images: ["data:image/png;base64,AAAA"], finishReason: "stop" });
      const form = await generateText({ model: createOpenGradient(llm)(MODEL), prompt: "Where?", output: Output.object({ schema: z.object({ city: z.string() }) }) });
      assert.deepEqual(form.output ?? form.experimental_output, { city: "Bonn" });
      assert.equal(llm.asked[0].responseFormat.type, "json_schema");
      const drawn = await generateText({ model: createOpenGradient(llm)(MODEL), messages: [{ role: "user", content: [{ type: "text", text: "like this" }, { type: "image", image: Uint8Array.of(137, 80, 78, 71) }] }] });
      assert.equal(drawn.files.length, 1);
      assert.match(llm.asked[1].messages[0].content[1].image_url.url, /^data:image\/.*;base64,iVBORw==$/);
      const ours = toAiTool(createReadWorkflowTool({ workflowContractAddress: "0x", toolName: "t", toolDescription: "d", alpha: { readWorkflowResult: async () => ({}) }, outputFormatter: () => "42" }), jsonSchema);
      assert.equal(await tool(ours).execute({}), "42");
    });
  });
}

describe("on the devnet", () => {
  let net, model;
  before(async () => {
    net = await startOpenGradient();
    model = createOpenGradient(await devnetLlm(net))(MODEL);
  });
  after(() => net?.stop());

  test("a model that is paid from the wallet: tools and a stream", async () => {
    const weather = ai7.tool({ description: "The weather", inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `rain in ${city}` });
    const stop = (ai7.stepCountIs ?? ai7.isStepCount)(3);
    const result = await ai7.generateText({ model, prompt: 'call weather {"city": "Köln"}', tools: { weather }, stopWhen: stop, maxOutputTokens: 30 });
    assert.match(result.text, /The tool said rain in Köln/);
    const stream = ai7.streamText({ model, prompt: "Tell me more", maxOutputTokens: 30 });
    assert.ok((await stream.text).length > 10);
    assert.ok((await stream.usage).totalTokens > 0);
  });
});
