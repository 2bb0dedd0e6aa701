// The text that an enclave signs of a request: Python's json.dumps(canonical, sort_keys=True). Python keeps 1 and 1.0 apart
// and has integers of any size, so the numbers of a request are kept as they were written.

/** A number as its JSON text had it. */
class Numeral {
  constructor(text) {
    this.text = text;
  }
  toJSON() {
    return Number(this.text);
  }
}

/** JSON.parse, but numbers become `Numeral`s. */
export function parse(text) {
  JSON.parse(text); // A fault of the text is told as always.
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) => (token[0] === '"' ? token : `{"\\u0000number":"${token}"}`));
  return JSON.parse(marked, (_, value) => (value && typeof value["\0number"] === "string" ? new Numeral(value["\0number"]) : value));
}

/** The request as the model reads it: numbers are numbers again. */
export const plain = (value) => JSON.parse(JSON.stringify(value));

/** Python's repr(float): the shortest digits, an exponent below 1e-4 and from 1e16. */
function float(value) {
  const [digits, exponent] = Math.abs(value).toExponential().split("e");
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 16)) {
    return `${sign}${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const all = digits.replace(".", "");
  if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${all}`;
  return `${sign}${all.padEnd(power + 1, "0").slice(0, power + 1)}.${all.slice(power + 1) || "0"}`;
}

/** Python's json.dumps(value, sort_keys=True). */
export function dumps(value) {
  if (value instanceof Numeral) return /^-?\d+$/.test(value.text) ? String(BigInt(value.text)) : float(Number(value.text));
  if (typeof value === "number") return String(value);
  if (typeof value === "string") {
    return JSON.stringify(value).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  }
  if (Array.isArray(value)) return `[${value.map(dumps).join(", ")}]`;
  if (value === null || typeof value !== "object") return String(value);
  const points = (text) => [...text].map((character) => character.codePointAt(0));
  const byPoint = (left, right) => {
    const [a, b] = [points(left), points(right)];
    const at = a.findIndex((point, index) => point !== b[index]);
    return at < 0 ? a.length - b.length : a[at] - (b[at] ?? -1);
  };
  const entries = Object.keys(value).sort(byPoint).map((key) => `${dumps(key)}: ${dumps(value[key])}`);
  return `{${entries.join(", ")}}`;
}

function part(value) {
  if (typeof value === "string") return { type: "text", text: value };
  if (value?.type === "text") return { type: "text", text: value.text };
  const filename = value?.filename ?? value?.file?.filename;
  return { type: value?.type, ...(filename ? { filename } : {}) };
}

function message({ role, content, name, tool_call_id, tool_calls }) {
  switch (role) {
    case "system":
    case "developer":
      return { role: "system", content };
    case "user":
      return { role, content: Array.isArray(content) ? content.map(part) : content };
    case "assistant": {
      const calls = tool_calls?.map(({ id, type, function: called }) => ({ id, type, function: { name: called.name, arguments: called.arguments } }));
      return { role, content: content || "", ...(calls?.length ? { tool_calls: calls } : {}) };
    }
    case "tool":
      return { role, content, tool_call_id };
    case "function":
      return { role, content, name };
    default:
      throw new Error(`unknown role ${role}`);
  }
}

/** @param {any} body a request, read with `parse` @returns {string} what is signed of it */
export function canonical({ model, messages, prompt, temperature, max_tokens, stop, tools, response_format, web_search }) {
  const float = new Numeral(temperature?.text === undefined ? "0.0" : temperature.text.replace(/^-?\d+$/, "$&.0"));
  return dumps({
    model,
    ...(messages ? { messages: messages.map(message) } : { prompt }),
    temperature: float,
    ...(max_tokens === undefined || max_tokens === null ? {} : { max_tokens }),
    ...(stop?.length ? { stop } : {}),
    ...(tools?.length ? { tools } : {}),
    ...(response_format ? { response_format } : {}),
    ...(web_search === true ? { web_search } : {}),
  });
}

/** @returns {string} what is signed of a choice */
export function output({ finish_reason, message: { content, tool_calls } }) {
  return finish_reason === "tool_calls" ? dumps(tool_calls) : (content ?? "");
}
