// What the package exports, read from its declarations: so a new function is fuzzed the day it is there.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAst } from "vite";

const pkg = fileURLToPath(new URL("../../pkg/", import.meta.url));

/** Every named declaration of the package, by its name: interfaces, types, classes, functions. */
export const types = new Map();
for (const file of readdirSync(pkg, { recursive: true })) {
  if (!file.endsWith(".d.ts")) continue;
  for (const node of parseAst(readFileSync(pkg + file, "utf8"), { lang: "dts" }).body) {
    const declared = node.declaration ?? node;
    const list = declared.type === "VariableDeclaration" ? declared.declarations : [declared];
    // The WebAssembly's own classes come first: others of the same name are what users see.
    for (const one of list) if (one.id?.name && (!types.has(one.id.name) || !file.startsWith("wasm/"))) types.set(one.id.name, one);
  }
}

const named = (member) => member.key?.name ?? member.key?.value;
const signature = (member) => member?.value?.params ?? member?.params ?? member?.typeAnnotation?.typeAnnotation?.params;
const annotation = (param) => (param.type === "RestElement" ? param : (param.left ?? param)).typeAnnotation?.typeAnnotation;

/** The members of an interface, class or literal type, those that it inherits too. */
export function membersOf(node, depth = 0) {
  if (!node || depth > 8) return [];
  const own = node.body?.body ?? node.members ?? [];
  const above = [...(node.extends ?? []).map(({ expression }) => expression?.name), node.superClass?.name];
  return [...own, ...above.flatMap((name) => membersOf(types.get(name), depth + 1))];
}

/** Whether a method is for the package's own classes alone. */
export function isInner(owner, name) {
  return membersOf(types.get(owner)).some((one) => named(one) === name && one.accessibility !== undefined && one.accessibility !== null && one.accessibility !== "public");
}

/** The types of a function's parameters; `undefined` for one that has no declaration. */
export function paramsOf(owner, name) {
  const holder = types.get(owner);
  const member = owner === undefined ? types.get(name) : membersOf(holder?.typeAnnotation ?? holder).find((one) => named(one) === name);
  let params = signature(member) ?? (member?.id ? signature(member.id) : undefined);
  // `const Ogpu: OgpuStatic`, `type FetchWithPayment = (…) => …`
  const reference = member?.typeAnnotation?.typeAnnotation?.typeName?.name ?? member?.id?.typeAnnotation?.typeAnnotation?.typeName?.name;
  if (!params && reference) params = signature(types.get(reference)?.typeAnnotation) ?? types.get(reference)?.typeAnnotation?.params;
  return params?.map(annotation);
}

/** The entry points, as they are imported. */
export function entries() {
  const { exports } = JSON.parse(readFileSync(`${pkg}package.json`, "utf8"));
  return Object.entries(exports).flatMap(([name, entry]) => {
    const file = entry.import?.default;
    return file?.endsWith(".js") ? [{ name: name.replace(/^\./, "ogkit"), file: pkg + file.slice(2) }] : [];
  });
}
