// What og.llm adds to the first words of a streamed answer: beside a bare `fetch` of the same request, and the official SDK. The
// server is the devnet's attested one, the session is paid for, and each waits for its own answer to end.
import assert from "node:assert/strict";
import { parseEther } from "viem";

import { startPython } from "../python.mjs";
import { raced } from "../rows.mjs";
import { summary } from "../stats.mjs";
import { open } from "../../tests/node/opengradient/stage.mjs";

const RUNS = 41;
const WARM_UPS = 5;
const QUESTION = { model: "openai/gpt-5", messages: [{ role: "user", content: "Tell me of keys and enclaves" }], maxTokens: 24 };

/** What people write without a package: it neither pays nor checks anything. */
async function byHand([url, { method, headers, body }]) {
  const start = performance.now();
  let first;
  let text = "";
  let rest = "";
  const decoder = new TextDecoder();
  const response = await fetch(url, { method, headers, body });
  assert.equal(response.status, 200);
  for await (const piece of response.body) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
      const content = JSON.parse(line.slice(6)).choices[0].delta.content ?? "";
      if (content) first ??= performance.now() - start;
      text += content;
    }
  }
  return { first, text };
}

async function ours(og) {
  const start = performance.now();
  let first;
  let text = "";
  for await (const { content = "" } of og.llm.chat({ ...QUESTION, stream: true })) {
    if (content) first ??= performance.now() - start;
    text += content;
  }
  return { first, text };
}

export async function run({ python, skip }) {
  // The official SDK pays on this chain and no other. A session is not settled while it is measured.
  const stage = await open({ chainId: 8453, idle: 600_000, pause: 2, cap: parseEther("1") });
  let peer;
  try {
    // Text as it is written; the default gives out none before all of it is proven.
    const options = { verify: "final", policy: { maxPerRequest: parseEther("1") } };
    const { og } = await stage.connect(options);
    // The very request that ours sends when its session is paid for.
    let sent;
    const recorded = await stage.connect({ ...options, fetch: (url, init) => fetch(url, (sent = [url, init])[1]) });
    for (let i = 0; i < 2; i++) await ours(recorded.og);
    assert.ok(new Headers(sent[1].headers).has("x-upto-session"));
    const { text } = await ours(og);
    const contenders = { ogkit: () => ours(og), "plain JavaScript": () => byHand(sent) };
    if (python?.opengradient) {
      peer = await startPython(skip, { BASE_MAINNET_RPC: stage.net.rpcUrl });
      const key = stage.net.accounts.find(({ role }) => role === "client2").privateKey;
      const { model, messages, maxTokens } = QUESTION;
      await peer?.call("llm_open", key, stage.net.llmUrl);
      if (peer) contenders["opengradient (Python)"] = () => peer.call("llm_stream", model, messages, maxTokens);
    }
    const times = {};
    const first = (name, call) => async () => {
      const answer = await call();
      assert.equal(answer.text, text, `${name} got another answer`);
      (times[name] ??= []).push(answer.first);
      return answer.first;
    };
    const race = Object.fromEntries(Object.entries(contenders).map(([name, call]) => [name, first(name, call)]));
    const row = await raced("first text of a streamed chat", race, { runs: RUNS, warmUps: WARM_UPS });
    og.close();
    recorded.og.close();
    // Turn by turn: whatever the machine does meanwhile is in both.
    const { median, low, high } = summary(times.ogkit.map((time, at) => time - times["plain JavaScript"][at]).slice(WARM_UPS));
    const added = `og.llm adds ${median.toFixed(2)} ms to the same request by a bare fetch (half of the turns: ${low.toFixed(2)} to ${high.toFixed(2)})`;
    return [{ ...row, note: `${added}; the sessions are paid for; the server signs its answer before it sends the first word` }];
  } finally {
    peer?.stop();
    await stage.stop();
  }
}
