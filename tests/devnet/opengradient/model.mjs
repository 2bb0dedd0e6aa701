// A small language model: word triples of a bundled text, drawn by a generator that is seeded with the request. The same
// request gives the same answer.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const words = readFileSync(new URL("corpus.txt", import.meta.url), "utf8").split(/\s+/).filter(Boolean);
const followers = new Map();
for (let index = 0; index + 2 < words.length; index++) {
  const key = `${words[index]} ${words[index + 1]}`;
  followers.set(key, [...(followers.get(key) ?? []), words[index + 2]]);
}
const starts = words.flatMap((word, index) => (/^\p{Lu}/u.test(word) && words[index + 1] ? [[word, words[index + 1]]] : []));

function random(seed) {
  let state = createHash("sha256").update(seed).digest();
  return (below) => {
    state = createHash("sha256").update(state).digest();
    return state.readUInt32BE(0) % below;
  };
}

/** Tokens are words here. @returns {number} */
export const count = (text) => text.split(/\s+/).filter(Boolean).length;

/** The text of a message, whose content may be a list of parts. */
export const textOf = (content) => (Array.isArray(content) ? content.map((part) => (typeof part === "string" ? part : (part?.text ?? ""))).join(" ") : (content ?? ""));

/**
 * Two to four sentences, or fewer words when `limit` says so.
 * @returns {{ text: string, reason: "stop" | "length" }}
 */
export function write(seed, limit, stop) {
  const draw = random(seed);
  const written = [...starts[draw(starts.length)]];
  let sentences = 2 + draw(3);
  while (sentences > 0 && written.length < 400) {
    const next = followers.get(written.slice(-2).join(" "));
    written.push(...(next ? [next[draw(next.length)]] : starts[draw(starts.length)]));
    if (/[.]$/.test(written.at(-1))) sentences -= 1;
  }
  let reason = "stop";
  if (written.length > limit) {
    written.length = Math.max(limit, 0);
    reason = "length";
  }
  let text = written.join(" ");
  for (const mark of [stop ?? []].flat()) {
    const at = mark ? text.indexOf(mark) : -1;
    if (at >= 0) [text, reason] = [text.slice(0, at), "stop"];
  }
  return { text, reason };
}

/** A value that fits a JSON schema: what forms and arguments are filled with. */
function fill(schema, draw, hint) {
  if (schema?.enum) return schema.enum[draw(schema.enum.length)];
  switch (Array.isArray(schema?.type) ? schema.type[0] : schema?.type) {
    case "object":
    case undefined:
      return Object.fromEntries(Object.entries(schema?.properties ?? {}).map(([name, inner]) => [name, fill(inner, draw, hint)]));
    case "array":
      return [fill(schema.items ?? { type: "string" }, draw, hint)];
    case "integer":
    case "number":
      return Math.max(schema.minimum ?? 0, Math.min(draw(100), schema.maximum ?? 100));
    case "boolean":
      return draw(2) === 1;
    case "null":
      return null;
    default:
      return hint;
  }
}

/** The tool that the prompt asks for by name, or that the caller insists on. */
function wanted(tools, choice, prompt) {
  const named = choice?.function?.name;
  if (choice === "none") return undefined;
  return tools.find(({ function: { name } }) => (named ? name === named : prompt.includes(name))) ?? (choice === "required" ? tools[0] : undefined);
}

/**
 * @param {any} body a chat request
 * @param {string} seed
 * @returns {{ finish_reason: string, message: any, usage: any }} the choice, OpenAI-style
 */
export function chat({ messages, max_tokens, stop, tools, tool_choice, response_format }, seed) {
  const last = messages.at(-1);
  const prompt = textOf(last?.content);
  const draw = random(seed);
  const tool = last?.role === "user" && tools?.length ? wanted(tools, tool_choice, prompt) : undefined;
  let content;
  let finish_reason = "stop";
  const extra = {};
  if (tool) {
    const { name, parameters } = tool.function;
    // "call weather {"city": "Köln"}" says the arguments; else the last word of the prompt fills what is a text.
    let values = fill(parameters, draw, prompt.match(/[\p{L}\p{N}]+(?=[^\p{L}\p{N}]*$)/u)?.[0] ?? "");
    try {
      values = JSON.parse(prompt.slice(prompt.indexOf("{")));
    } catch {}
    extra.tool_calls = [{ id: `call_${createHash("sha256").update(seed).digest("hex").slice(0, 24)}`, type: "function", function: { name, arguments: JSON.stringify(values) } }];
    [content, finish_reason] = ["", "tool_calls"];
  } else if (response_format && response_format.type !== "text") {
    const schema = response_format.json_schema?.schema ?? { type: "object", properties: { answer: { type: "string" } } };
    content = JSON.stringify(fill(schema, draw, write(seed, 8).text));
  } else {
    const { text, reason } = write(seed, max_tokens ?? Infinity, stop);
    // What a tool said is used, so that a test can see that it arrived.
    content = last?.role === "tool" ? `The tool said ${prompt}. ${text}` : text;
    finish_reason = reason;
  }
  if (/\b(draw|image|picture)\b/i.test(prompt) && !tool) extra.images = [`data:image/png;base64,${PIXEL}`];
  const prompt_tokens = messages.reduce((sum, message) => sum + count(textOf(message.content)), 0);
  const completion_tokens = count(content) + (extra.tool_calls ? count(extra.tool_calls[0].function.arguments) : 0);
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
  return { finish_reason, message: { role: "assistant", content, ...extra }, usage };
}

/** One red pixel. */
export const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
