// The reference: what typedoc reads from the package's declarations, as pages of our own. Every name has one page, under the first
// entry point that exports it.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { failures } from "./errors.mjs";
import { renderInline, render } from "./guides.mjs";
import { escape } from "./text.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const KIND = { MODULE: 2, VARIABLE: 32, FUNCTION: 64, CLASS: 128, INTERFACE: 256, PROPERTY: 1024, METHOD: 2048, ACCESSOR: 262144, ALIAS: 2097152, REFERENCE: 4194304 };

/** The declarations of the built package, as typedoc's JSON. */
function declarations() {
  const { exports } = JSON.parse(readFileSync(`${root}pkg/package.json`, "utf8"));
  const typesOf = (entry) => (typeof entry === "string" ? undefined : (entry.types ?? entry.import?.types));
  const entries = Object.entries(exports)
    .map(([name, entry]) => ({ name: name.replace(/^\./, "ogkit"), types: typesOf(entry)?.replace(/^\.\//, "") }))
    .filter(({ name, types }) => types && !/slim$|\.wasm$/.test(name) && existsSync(`${root}pkg/${types}`));
  // Every other file too: what an entry names without exporting it (the class behind a value) is found there.
  const files = new Set([...entries.map(({ types }) => types), ...readdirSync(`${root}pkg`).filter((name) => name.endsWith(".d.ts"))]);
  const folder = `${root}target/docs-types`;
  mkdirSync(folder, { recursive: true });
  const tsconfig = {
    compilerOptions: { target: "ES2022", module: "NodeNext", moduleResolution: "NodeNext", lib: ["ES2022", "ESNext.Disposable", "DOM"], jsx: "react-jsx", strict: true, noEmit: true, skipLibCheck: true, types: [] },
    files: [...files].map((name) => `${root}pkg/${name}`),
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(tsconfig));
  const options = {
    entryPoints: tsconfig.files, tsconfig: `${folder}/tsconfig.json`, json: `${folder}/api.json`, basePath: `${root}pkg`, excludeInternal: true,
    excludePrivate: true, excludeProtected: true, excludeExternals: false, disableSources: true, skipErrorChecking: true, logLevel: "Error", sort: ["source-order"],
    readme: "none", validation: false,
  };
  writeFileSync(`${folder}/typedoc.json`, JSON.stringify(options));
  const { status } = spawnSync(process.execPath, [`${root}docs/node_modules/typedoc/bin/typedoc`, "--options", `${folder}/typedoc.json`], { stdio: "inherit", cwd: root });
  if (status !== 0) throw new Error("typedoc failed");
  return { entries, api: JSON.parse(readFileSync(`${folder}/api.json`, "utf8")) };
}

/** @returns {{ entries: { name: string, path: string, title: string, body: string, says: string }[], symbols: object[] }} pages */
export function reference() {
  const { entries, api } = declarations();
  const modules = new Map(api.children.map((module) => [module.name, module]));
  const byId = new Map();
  const classesByName = new Map();
  for (const module of api.children) {
    for (const child of module.children ?? []) {
      byId.set(child.id, child);
      if (child.kind === KIND.CLASS) classesByName.set(child.name, child);
    }
  }
  const resolve = (child) => (child.kind === KIND.REFERENCE ? resolve(byId.get(child.target)) : child);
  const codeOf = new Map(failures().map(({ name, code }) => [name, code]));

  // First which page each name has, then the pages: types link to one another.
  const pageOf = new Map();
  const symbols = new Map();
  // `ogkit` is everything of the others: its names are shown there.
  const ordered = [...entries.filter(({ name }) => name !== "ogkit"), ...entries.filter(({ name }) => name === "ogkit")];
  for (const entry of ordered) {
    const module = modules.get(entry.types.replace(/\.d\.ts$/, "")) ?? modules.get(entry.types) ?? (api.children.length === 1 ? api : undefined);
    if (!module) throw new Error(`typedoc has no module ${entry.types}: ${[...modules.keys()].join(", ")}`);
    const folder = entry.name === "ogkit" ? "all" : entry.name.replace("ogkit/", "");
    entry.path = `api/${folder}/index.html`;
    entry.says = module.comment ? summaryText(module.comment) : "";
    entry.symbols = [];
    for (const child of module.children ?? []) {
      const found = resolve(child);
      if (!found) continue;
      const key = `${folder}/${child.name}`;
      let symbol = symbols.get(key) ?? [...symbols.values()].find(({ parts }) => parts.includes(found));
      if (!symbol) symbols.set(key, (symbol = { name: child.name, path: `api/${folder}/${child.name}.html`, parts: [], entry }));
      if (!symbol.parts.includes(found)) symbol.parts.push(found);
      // `type Ogpu = Client`: the class behind it is what people want to read.
      const behind = found.kind === KIND.ALIAS && found.type?.type === "reference" && byId.get(found.type.target);
      if (behind?.kind === KIND.CLASS && !symbol.parts.includes(behind)) symbol.parts.unshift(behind);
      // `const Ogpu: OgpuStatic`: what can be called on it.
      if (!entry.symbols.includes(symbol)) entry.symbols.push(symbol);
    }
  }
  for (const symbol of symbols.values()) for (const part of symbol.parts) pageOf.set(part.id, symbol.path);

  let from = "";
  const up = () => "../".repeat(from.split("/").length - 1);
  const linkTo = (path, text) => `<a href="${up()}${path}">${escape(text)}</a>`;
  const named = (id, text) => (pageOf.has(id) && pageOf.get(id) !== from ? linkTo(pageOf.get(id), text) : escape(text));

  function type(t, deep = false) {
    if (!t) return "unknown";
    const list = (types, by) => types.map((one) => type(one, true)).join(by);
    switch (t.type) {
      case "intrinsic": return escape(t.name);
      case "literal": return escape(typeof t.value === "string" ? JSON.stringify(t.value) : typeof t.value === "object" && t.value ? `${t.value.negative ? "-" : ""}${t.value.value}n` : String(t.value));
      case "reference": return `${t.refersToTypeParameter ? escape(t.name) : named(t.target, t.name)}${t.typeArguments?.length ? `&lt;${list(t.typeArguments, ", ")}&gt;` : ""}`;
      case "array": return ["union", "intersection", "conditional"].includes(t.elementType.type) || (t.elementType.type === "reflection" && t.elementType.declaration.signatures) ? `(${type(t.elementType)})[]` : `${type(t.elementType, true)}[]`;
      case "union": return deep && t.types.length > 1 ? `${list(t.types, " | ")}` : list(t.types, " | ");
      case "intersection": return list(t.types, " &amp; ");
      case "tuple": return `[${list(t.elements ?? [], ", ")}]`;
      case "namedTupleMember": return `${escape(t.name)}${t.isOptional ? "?" : ""}: ${type(t.element)}`;
      case "optional": return `${type(t.elementType)}?`;
      case "rest": return `...${type(t.elementType)}`;
      case "typeOperator": return `${t.operator} ${type(t.target, true)}`;
      case "indexedAccess": return `${type(t.objectType, true)}[${type(t.indexType)}]`;
      case "query": return `typeof ${type(t.queryType)}`;
      case "predicate": return `${t.asserts ? "asserts " : ""}${escape(t.name)}${t.targetType ? ` is ${type(t.targetType)}` : ""}`;
      case "conditional": return `${type(t.checkType)} extends ${type(t.extendsType)} ? ${type(t.trueType)} : ${type(t.falseType)}`;
      case "inferred": return `infer ${escape(t.name)}${t.constraint ? ` extends ${type(t.constraint)}` : ""}`;
      case "mapped": return `{ [${escape(t.parameter)} in ${type(t.parameterType)}]: ${type(t.templateType)} }`;
      case "templateLiteral": return `\`${escape(t.head)}${t.tail.map(([one, text]) => `\${${type(one)}}${escape(text)}`).join("")}\``;
      case "reflection": return object(t.declaration);
      default: return escape(t.name ?? t.type);
    }
  }
  function object(d) {
    if (d.signatures?.length) return `(${parameters(d.signatures[0])}) =&gt; ${type(d.signatures[0].type)}`;
    const members = (d.children ?? []).map((one) => (one.signatures ? `${escape(one.name)}(${parameters(one.signatures[0])}): ${type(one.signatures[0].type)}` : `${one.flags?.isReadonly ? "readonly " : ""}${escape(one.name)}${one.flags?.isOptional ? "?" : ""}: ${type(one.type)}`));
    for (const index of d.indexSignatures ?? []) members.push(`[${parameters(index)}]: ${type(index.type)}`);
    return members.length ? `{ ${members.join("; ")} }` : "{}";
  }
  function parameters(signature) {
    return (signature.parameters ?? []).map((one) => `${one.flags?.isRest ? "..." : ""}${escape(one.name)}${one.flags?.isOptional || one.defaultValue ? "?" : ""}: ${type(one.type)}`).join(", ");
  }
  const generics = (one) => (one.typeParameters?.length ? `&lt;${one.typeParameters.map((p) => `${escape(p.name)}${p.type ? ` extends ${type(p.type)}` : ""}`).join(", ")}&gt;` : "");
  const signatureText = (name, one) => `${escape(name)}${generics(one)}(${parameters(one)}): ${type(one.type)}`;

  /** A comment: its text, and what it throws, linked to cause and cure. */
  function comment(c) {
    if (!c) return "";
    const parts = [];
    if (c.summary?.length) parts.push(render(withLinks(c.summary)));
    for (const tag of c.blockTags ?? []) {
      const text = withLinks(tag.content);
      if (tag.tag === "@throws") parts.push(`<p class="throws"><strong>Throws</strong> ${linkErrors(renderInline(text.trim()))}</p>`);
      else if (tag.tag === "@example") parts.push(render(text));
      else if (["@param", "@returns"].includes(tag.tag)) parts.push(`<p><strong>${tag.name ? `<code>${escape(tag.name)}</code>` : "Gives"}</strong> ${renderInline(text.trim())}</p>`);
    }
    return parts.join("");
  }
  const withLinks = (pieces) => pieces.map((piece) => (piece.kind === "inline-tag" ? `\`${piece.text}\`` : piece.text)).join("");
  const linkErrors = (html) => html.replace(/\b([A-Z]\w*Error)\b/g, (name) => (codeOf.has(name) ? `<a href="${up()}guides/errors.html#${codeOf.get(name)}">${name}</a>` : name));

  const pre = (html) => `<pre class="signature" tabindex="0"><code>${html}</code></pre>`;
  function members(part) {
    const children = (part.children ?? []).filter(({ kind, name, flags, inheritedFrom }) => kind !== 512 && !flags?.isPrivate && !flags?.isProtected && !name.startsWith("[") && !(inheritedFrom && /^(Error|OgError)\./.test(inheritedFrom.name ?? "")));
    const rows = children.filter((one) => one.kind === KIND.PROPERTY || one.kind === KIND.ACCESSOR);
    const methods = children.filter((one) => one.signatures && one.kind !== KIND.ACCESSOR);
    let out = "";
    if (rows.length) {
      out += `<h2 id="properties">Properties</h2><dl class="members">`;
      for (const one of rows) {
        const value = one.getSignature?.type ?? one.type;
        const shape = value?.type === "reflection" && value.declaration.signatures ? signatureText(one.name, value.declaration.signatures[0]) : `${escape(one.name)}${one.flags?.isOptional ? "?" : ""}: ${type(value)}`;
        out += `<dt id="${escape(one.name)}"><code>${shape}</code></dt><dd>${comment(one.comment ?? one.getSignature?.comment)}</dd>`;
      }
      out += "</dl>";
    }
    if (methods.length) {
      out += `<h2 id="methods">Methods</h2>`;
      for (const one of methods) {
        out += `<section class="member"><h3 id="${escape(one.name)}">${escape(one.name)} <a class="anchor" href="#${escape(one.name)}" aria-label="Link to ${escape(one.name)}">#</a></h3>`;
        out += pre(one.signatures.map((signature) => signatureText(one.name, signature)).join("\n"));
        out += comment(one.signatures.find((signature) => signature.comment)?.comment);
        out += "</section>";
      }
    }
    for (const index of part.indexSignatures ?? []) out += pre(`[${parameters(index)}]: ${type(index.type)}`);
    return out;
  }

  function symbolBody(symbol) {
    from = symbol.path;
    const { name, parts, entry } = symbol;
    const typeOnly = parts.every(({ kind }) => kind === KIND.INTERFACE || kind === KIND.ALIAS);
    let out = `<p class="crumb">${linkTo(entry.path, entry.name)}</p><h1>${escape(name)}</h1>${pre(`<span class="t-word">import${typeOnly ? " type" : ""}</span> { ${escape(name)} } <span class="t-word">from</span> <span class="t-text">"${escape(entry.name)}"</span>;`)}`;
    if (codeOf.has(name)) out += `<p>Code <a href="${up()}guides/errors.html#${codeOf.get(name)}"><code>${codeOf.get(name)}</code></a>: cause and cure.</p>`;
    const aliasOfPart = (part) => part.kind === KIND.ALIAS && part.type?.type === "reference" && parts.some(({ id }) => id === part.type.target);
    // `Ogpu.connect` first: it is how one gets the rest.
    const order = (part) => (part.kind === KIND.VARIABLE ? 0 : 1);
    for (const part of [...parts].sort((a, b) => order(a) - order(b))) {
      if (aliasOfPart(part)) continue;
      if (part.kind === KIND.CLASS) {
        out += pre(`class ${escape(part.name)}${generics(part)}${part.extendedTypes ? ` extends ${part.extendedTypes.map((t) => type(t)).join(", ")}` : ""}`) + comment(part.comment) + members(part);
      } else if (part.kind === KIND.INTERFACE) {
        out += pre(`interface ${escape(part.name)}${generics(part)}${part.extendedTypes ? ` extends ${part.extendedTypes.map((t) => type(t)).join(", ")}` : ""}`) + comment(part.comment) + members(part);
      } else if (part.kind === KIND.FUNCTION) {
        out += pre(part.signatures.map((one) => `function ${signatureText(part.name, one)}`).join("\n")) + comment(part.signatures.find((one) => one.comment)?.comment);
      } else if (part.kind === KIND.ALIAS) {
        out += pre(`type ${escape(part.name)}${generics(part)} = ${type(part.type)}`) + comment(part.comment);
        const union = part.type?.type === "union" ? part.type.types.filter((one) => one.type === "reflection") : [];
        for (const one of union) out += `<div class="variant">${pre(object(one.declaration))}${comment(one.declaration.comment)}</div>`;
      } else {
        const target = part.type?.type === "reference" ? byId.get(part.type.target) : undefined;
        const literal = part.type?.type === "reflection" && part.type.declaration.signatures;
        out += pre(literal ? literal.map((one) => `function ${signatureText(part.name, one)}`).join("\n") : `const ${escape(part.name)}: ${type(part.type)}`) + comment(part.comment);
        // `Ogpu.connect` belongs on the page of `Ogpu`.
        if (target?.kind === KIND.INTERFACE && /Static$/.test(target.name)) out += members(target).replace('id="methods">Methods', 'id="static">On the name itself');
      }
    }
    return out;
  }

  const groupOf = ({ name, parts }) => {
    const kinds = parts.map(({ kind }) => kind);
    if (/Error$/.test(name) || /^OgError/.test(name)) return "Errors";
    if (kinds.includes(KIND.CLASS)) return "Classes";
    if (kinds.includes(KIND.FUNCTION) || parts.some((part) => part.kind === KIND.VARIABLE && (part.type?.type === "reflection" && part.type.declaration.signatures))) return "Functions";
    if (kinds.includes(KIND.VARIABLE)) return "Constants";
    return "Types";
  };
  const saysOf = ({ parts }) => {
    for (const part of parts) {
      const found = part.comment ?? part.signatures?.[0]?.comment ?? part.type?.declaration?.signatures?.[0]?.comment;
      if (found) return summaryText(found);
    }
    return "";
  };
  const pages = [...symbols.values()].map((symbol) => ({ name: symbol.name, entry: symbol.entry.name, path: symbol.path, title: `${symbol.name}`, body: symbolBody(symbol), says: saysOf(symbol), outline: [] }));
  for (const entry of ordered) {
    from = entry.path;
    let body = `<h1>${escape(entry.name)}</h1>${entry.says ? render(entry.says) : ""}`;
    for (const group of ["Classes", "Functions", "Constants", "Types", "Errors"]) {
      const members = entry.symbols.filter((symbol) => groupOf(symbol) === group && (entry.name !== "ogkit" || symbol.entry === entry));
      if (!members.length) continue;
      const rows = members.map((symbol) => `<dt>${linkTo(symbol.path, symbol.name)}</dt><dd>${renderInline(saysOf(symbol))}</dd>`);
      body += `<h2 id="${group.toLowerCase()}">${group}</h2><dl class="index">${rows.join("")}</dl>`;
    }
    if (entry.name === "ogkit") body += `<p>Everything of ${ordered.filter(({ name }) => name !== "ogkit" && /ogpu|opengradient/.test(name)).map(({ path, name }) => linkTo(path, name)).join(" and ")} under one name. Pick one of those where one network is enough: each loads only its own WebAssembly.</p>`;
    entry.body = body;
    entry.title = entry.name;
  }
  return { entries: ordered.map(({ name, path, title, body, says }) => ({ name, path, title, body, says })), symbols: pages };
}

function summaryText(c) {
  const text = (c.summary ?? []).map((piece) => (piece.kind === "inline-tag" ? `\`${piece.text}\`` : piece.text)).join("");
  return text.split(/\n\s*\n/)[0].replace(/\s+/g, " ").trim();
}
