// The LLM server's answers: OpenAI-style, signed by the enclave. No payment here: `gateway.mjs` and `shop.mjs` ask for that.
import { randomUUID } from "node:crypto";

import { canonical, output, parse, plain } from "./canonical.mjs";
import { chat, count, write } from "./model.mjs";
import { json } from "./web.mjs";

export const PATHS = ["/v1/chat/completions", "/v1/completions"];

/**
 * @param {{ prove(request: string, output: string): object }} enclave
 * @param {string} path one of `PATHS`
 * @param {string} text the request's body
 * @param {string} [imageUrl] where images are; without it they are `data:` URIs
 * @returns {{ status: number, body: any, events?: any[] }} `events` if a stream was asked for: the last one has the proof
 */
export function complete(enclave, path, text, imageUrl) {
  let exact;
  let body;
  let request;
  try {
    exact = parse(text);
    body = plain(exact);
    if (typeof body.model !== "string") throw new Error("model is missing");
    if (path === PATHS[0] ? !body.messages?.length : typeof body.prompt !== "string") throw new Error("nothing to answer");
    request = canonical(exact);
  } catch (error) {
    return { status: 400, body: { error: { message: error.message, type: "invalid_request_error" } } };
  }
  const common = { created: Math.floor(Date.now() / 1000), model: body.model };
  if (path === PATHS[1]) {
    const { text: answer, reason } = write(request, body.max_tokens ?? Infinity, body.stop);
    const [prompt_tokens, completion_tokens] = [count(body.prompt), count(answer)];
    const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
    const choices = [{ index: 0, text: answer, finish_reason: reason }];
    // The gateway's source says choices, the official SDK reads completion.
    return { status: 200, body: { id: `cmpl-${randomUUID()}`, object: "text_completion", ...common, choices, completion: answer, usage, ...enclave.prove(request, answer) } };
  }
  const { finish_reason, message, usage } = chat(body, request);
  if (message.images && imageUrl) message.images = [imageUrl];
  const proof = enclave.prove(request, output({ finish_reason, message }));
  const choices = [{ index: 0, message, finish_reason }];
  const whole = { id: `chatcmpl-${randomUUID()}`, object: "chat.completion", ...common, choices, usage, ...proof };
  if (body.stream !== true) return { status: 200, body: whole };

  // As today's gateways, whose own client puts the pieces of tool calls together by their index; images, usage and the proof in its last event.
  const chunk = (delta) => ({ choices: [{ index: 0, delta, finish_reason: null }], model: body.model });
  const events = (message.content.match(/\s*\S+/g) ?? []).map((content) => chunk({ content, role: "assistant" }));
  for (const [index, { id, type, function: { name, arguments: text } }] of (message.tool_calls ?? []).entries()) {
    events.push(chunk({ tool_calls: [{ index, id, type, function: { name, arguments: "" } }] }));
    for (const piece of text.match(/[^]{1,8}/g) ?? []) events.push(chunk({ tool_calls: [{ index, function: { arguments: piece } }] }));
  }
  const { images } = message;
  events.push({ choices: [{ index: 0, delta: {}, finish_reason }], model: body.model, usage, ...proof, ...(images ? { images } : {}) });
  return { status: 200, body: whole, events };
}

/**
 * Sends an answer, event by event if it is a stream.
 * @param {import("node:http").ServerResponse} response
 * @param {ReturnType<typeof complete>} answer
 * @param {(sent: number) => unknown} [pace] awaited after each event of a stream, with their number
 */
export async function send(response, { status, body, events }, pace) {
  if (!events) return json(response, status, body);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  for (const [index, event] of events.entries()) {
    if (response.destroyed) return;
    response.write(`data: ${JSON.stringify(event)}\n\n`);
    await pace?.(index + 1);
  }
  response.end("data: [DONE]\n\n");
}
