// What the package exports, read from its declarations in pkg/: so a new function is fuzzed the day it is there. Plain data, which pages can be given.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAst } from "vite";

const pkg = fileURLToPath(new URL("../../pkg/", import.meta.url));

/** Where a declaration stands in its file is of no interest, nor what it has not got. */
const LEFT_OUT = ["start", "end", "loc", "range"];
function lean(node) {
  return JSON.parse(JSON.stringify(node, (key, value) => {
    if (LEFT_OUT.includes(key) || value === null || value === false) return undefined;
    if (typeof value === "bigint") return String(value);
    // `import("./a.js").A` is an A.
    return value?.type === "TSImportType" ? { ...value, type: "TSTypeReference", typeName: value.qualifier } : value;
  }));
}

/** Constructors that only the package itself calls become private ones. */
function closeConstructors(text, declared) {
  let last = declared.start;
  for (const member of declared.type === "ClassDeclaration" ? declared.body.body : []) {
    if (member.kind === "constructor" && text.slice(last, member.start).includes("@internal")) member.accessibility = "private";
    last = member.end;
  }
}

/** Every named declaration, by its name: interfaces, types, classes, functions. */
function types() {
  const found = new Map();
  for (const file of readdirSync(pkg, { recursive: true })) {
    // The ABIs are constants, and long.
    if (!file.endsWith(".d.ts") || file === "abi.d.ts") continue;
    const text = readFileSync(pkg + file, "utf8");
    for (const node of parseAst(text, { lang: "dts" }).body) {
      const declared = node.declaration ?? node;
      closeConstructors(text, declared);
      const list = declared.type === "VariableDeclaration" ? declared.declarations : [declared];
      // The WebAssembly's own classes come first: others of the same name are what users see.
      for (const one of list) if (one.id?.name && (!found.has(one.id.name) || !file.startsWith("wasm/"))) found.set(one.id.name, lean(one));
    }
  }
  return [...found];
}

/** The entry points, as they are imported, with the files that they are. */
function entries() {
  const { exports } = JSON.parse(readFileSync(`${pkg}package.json`, "utf8"));
  return Object.entries(exports).flatMap(([name, entry]) => {
    const file = entry.import?.default;
    return file?.endsWith(".js") ? [{ name: name.replace(/^\./, "ogkit"), file: pkg + file.slice(2) }] : [];
  });
}

/** @returns {{ types: [string, any][], entries: { name: string, file: string }[] }} */
export const declarations = () => ({ types: types(), entries: entries() });
