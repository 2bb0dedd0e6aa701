// Guards the glue of wasm-bindgen: every exported function and method reads its arguments through pkg-template/src/border.ts, and says so when
// it is called on what was freed. A method that answers with a promise rejects it.

/** What the package itself calls while it loads. */
const INNER = ["initSync", "setErrorFactory", "setLogSink"];
const INNER_METHODS = ["__wrap", "__destroy_into_raw", "free", "[Symbol.dispose]"];

const SIGNATURE = /^(\s*)(?:(export function|static|get) )?([\w$]+)\(([^)]*)\) \{$/;

/** Which functions and methods answer with a promise, and which parameters are texts or lists, by the declarations. */
function declared(types) {
  const found = new Map();
  let owner;
  for (const line of types.split("\n")) {
    owner = /^export class (\w+)/.exec(line)?.[1] ?? (line === "}" ? undefined : owner);
    const [, name, params, answer] = /^(?:export function |\s+(?:static )?)(\w+)\((.*)\): (.*);$/.exec(line) ?? [];
    if (!name) continue;
    const texts = [...params.matchAll(/(?:^|, )(\w+): string(?=,|$)/g)].map(([, text]) => text);
    const lists = [...params.matchAll(/(?:^|, )(\w+): [^,]*\[\](?=,|$)/g)].map(([, list]) => list);
    found.set(`${owner ?? ""}.${name}`, { promise: answer.startsWith("Promise<"), texts, lists });
  }
  return found;
}

/**
 * What the WebAssembly looks at without a guard of its own. A proxy that was revoked, or that throws, would leave Rust in the midst of its work,
 * with its stack as it was: it looks empty instead, and is refused as such.
 */
const LOOKS = { "Array.isArray(arg0)": "false", "Object.keys(arg0)": "[]", "arg0[arg1 >>> 0]": "undefined", "arg0.length": "0" };

/** The imports of the glue that only look, guarded. */
function guardLooks(glue) {
  return Object.entries(LOOKS).reduce((text, [look, otherwise]) => {
    const line = `const ret = ${look};`;
    if (!text.includes(line)) throw new Error(`the glue of wasm-bindgen has changed: ${look} was not found`);
    return text.replaceAll(line, `let ret; try { ret = ${look}; } catch { ret = ${otherwise}; }`);
  }, glue);
}

/** The glue with its guards, from its text and its declarations. */
export function guard(glue, types) {
  const known = declared(types);
  let owner;
  let guards = 0;
  const lines = guardLooks(glue).split("\n").map((line) => {
    owner = /^export class (\w+)/.exec(line)?.[1] ?? (/^\}/.test(line) ? undefined : owner);
    if (owner && /^ {4}free\(\) \{$/.test(line)) return `${line}\n        if (this.__wbg_ptr === 0) return;`;
    const [, indent, kind, name, params] = SIGNATURE.exec(line) ?? [];
    if (!name || (kind === "export function" ? INNER : INNER_METHODS).includes(name) || (kind !== "export function" && (!owner || indent !== "    "))) return line;
    const { promise = false, texts = [], lists = [] } = known.get(`${kind === "export function" ? "" : owner}.${name}`) ?? {};
    const names = params.split(",").map((param) => param.trim()).filter(Boolean);
    const steps = [
      ...(owner && kind !== "static" && name !== "constructor" ? [`live(this.__wbg_ptr, "${owner.replace(/Core$/, "") || "client"}");`] : []),
      ...texts.map((param) => `text(${param}, ${JSON.stringify(param)});`),
      ...lists.map((param) => `list(${param}, ${JSON.stringify(param)});`),
      ...(names.length ? [`[${names.join(", ")}] = cross([${names.join(", ")}], ${JSON.stringify(names)});`] : []),
    ];
    if (!steps.length) return line;
    guards += 1;
    const body = steps.join(" ");
    return `${line}\n${indent}    ${promise ? `try { ${body} } catch (error) { return Promise.reject(error); }` : body}`;
  });
  if (guards < 10) throw new Error("the glue of wasm-bindgen has changed: its functions were not found");
  return `import { cross, list, live, text } from "../../border.js";\n${lines.join("\n")}`;
}
