// Server-sent events of a chat, as they come in pieces of 16 KiB; beside the few lines of JavaScript that people write.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { root } from "../build.mjs";
import { compare, summary } from "../stats.mjs";

const PIECE = 16 << 10;

function chat(bytes) {
  const chunk = (at) => `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", choices: [{ index: 0, delta: { content: `word${at} ` }, finish_reason: null }] })}\n\n`;
  let text = "";
  for (let at = 0; text.length < bytes; at++) text += chunk(at);
  return new TextEncoder().encode(`${text}data: [DONE]\n\n`);
}

/** Decode, split at lines, strip the name. It is right for what is sent here, not for every stream. */
function byHand(bytes) {
  const decoder = new TextDecoder();
  let rest = "";
  let events = 0;
  let size = 0;
  for (let at = 0; at < bytes.length; at += PIECE) {
    const lines = (rest + decoder.decode(bytes.subarray(at, at + PIECE), { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data: ")) continue;
      events += 1;
      size += line.length - 6;
    }
  }
  return [events, size];
}

export async function run({ bench, python, skip }) {
  const bytes = chat(4 << 20);
  const contenders = { "plain JavaScript": () => byHand(bytes) };
  if (bench.benchSse) {
    contenders.ogkit = () => bench.benchSse(bytes, PIECE);
    assert.deepEqual([...contenders.ogkit()], byHand(bytes));
  } else {
    skip("SSE of ogkit: this build has no opengradient");
  }
  const times = await compare(contenders, { samples: 11, sampleMs: 50 });
  const speed = (nanoseconds) => (bytes.length / 1e6) / (nanoseconds / 1e9);
  const figures = Object.fromEntries(Object.entries(times).map(([name, { median, low, high, samples }]) => [name, { median: speed(median), low: speed(high), high: speed(low), samples }]));
  if (python?.opengradient) {
    const file = join(root, "target/bench-sse.txt");
    writeFileSync(file, bytes);
    const { events, seconds } = await python.call("sse", file, PIECE, 5);
    assert.equal(events + 1, byHand(bytes)[0], "opengradient gives no [DONE]");
    figures["opengradient (Python)"] = summary(seconds.map((value) => speed(value * 1e9)));
  }
  return [{ what: "SSE parsing", unit: "MB/s", better: "more", figures, sample: "median of 11 samples of 50 ms, in turns", note: "bytes to events, without their JSON; opengradient's parser reads the JSON too" }];
}
