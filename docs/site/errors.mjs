// The list of all failures, from the code: codes and classes from src/error/kind.rs, messages from display.rs beside it, meanings
// and fields from pkg-template/src/errors.ts, causes and cures from cures.mjs. None of the three can lack what another has.
import { readFileSync } from "node:fs";

import { CURES } from "./cures.mjs";

const root = new URL("../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");

/** The codes that exist in TypeScript alone, where the WebAssembly is not there yet. */
const ONLY_TYPESCRIPT = ["moduleLoad", "freed"];

/** `(code, class)` of each kind, and the messages that it can have. */
export function kinds(kind = read("src/error/kind.rs"), display = read("src/error/display.rs")) {
  const found = new Map();
  const variants = new Map();
  for (const [, variant, code, name] of kind.matchAll(/Self::(\w+)(?: \{ \.\. \})? => \("(\w+)", "(\w+)"\)/g)) {
    found.set(code, { code, name, messages: [] });
    variants.set(variant, code);
  }
  const arms = display.split(/\n {12}(?=Self::)/).slice(1);
  for (const arm of arms) {
    const variant = /^Self::(\w+)/.exec(arm)?.[1];
    const message = /=>[\s\S]*?"((?:[^"\\]|\\.)*)"/.exec(arm)?.[1];
    if (!variants.has(variant) || message === undefined) throw new Error(`src/error/display.rs: the message of ${variant} cannot be read`);
    found.get(variants.get(variant)).messages.push(message.replaceAll(/\{(\w*)[^}]*\}/g, (_, name) => (name ? `‹${name}›` : "‹…›")));
  }
  return found;
}

/** The classes with their comments and fields. */
export function classes(typescript = read("pkg-template/src/errors.ts")) {
  const found = new Map();
  const pattern = /\/\*\* ([^\n]*?) ?\*\/\nexport class (\w+) extends (\w+) \{([^]*?)\n?\}/g;
  for (const [, says, name, parent, body] of typescript.matchAll(pattern)) {
    const fields = [];
    let code;
    for (const [, comment, field, optional, type] of body.matchAll(/(?:\/\*\* ([^\n]*?) \*\/\s*)?declare readonly (\w+)(\?)?:\s*([^;]+);/g)) {
      if (field === "code") code = /^"(\w+)"$/.exec(type)?.[1];
      else fields.push({ field, optional: optional === "?", type: type.replace(/\s+/g, " ").replace(/^\| /, ""), says: comment ?? "" });
    }
    found.set(name, { name, parent, says, fields, code });
  }
  return found;
}

/** Each failure in full; throws where the code, the classes and the cures do not agree. */
export function failures() {
  const byClass = classes();
  const byCode = kinds();
  const codes = [...byClass.values()].filter(({ code }) => code);
  const inherited = ({ parent }) => (byClass.has(parent) ? [...inherited(byClass.get(parent)), ...byClass.get(parent).fields] : []);
  const complaints = [
    ...[...byCode.keys()].filter((code) => !codes.some((one) => one.code === code)).map((code) => `${code}: no class in errors.ts`),
    ...codes.filter(({ code }) => !byCode.has(code) && !ONLY_TYPESCRIPT.includes(code)).map(({ code }) => `${code}: not in src/error/kind.rs`),
    ...codes.filter(({ code, name }) => byCode.has(code) && byCode.get(code).name !== name).map(({ code }) => `${code}: two class names`),
    ...codes.filter(({ code }) => !CURES[code]).map(({ code }) => `${code}: no entry in docs/site/cures.mjs`),
    ...Object.keys(CURES).filter((code) => !codes.some((one) => one.code === code)).map((code) => `${code}: a cure for nothing`),
  ];
  if (complaints.length) throw new Error(complaints.join("\n"));
  return codes.map((one) => ({ ...one, fields: [...inherited(one), ...one.fields].filter(({ field }) => field !== "requestId"), messages: byCode.get(one.code)?.messages ?? [], ...CURES[one.code] }));
}

const cell = (text) => text.replaceAll("|", "\\|");

/** The list as Markdown: a heading for each code, under its family. */
export function errorReference() {
  const all = failures();
  const byClass = classes();
  const out = [];
  for (const family of new Set(all.map(({ parent }) => parent))) {
    const members = all.filter(({ parent }) => parent === family);
    out.push(family === "OgError" ? "## General" : `## ${family}`, "");
    if (family !== "OgError") out.push(`${byClass.get(family)?.says ?? ""} `, "");
    for (const { code, name, says, fields, messages, cause, cure, money } of members) {
      out.push(`### ${code}`, "", `\`${name}\`. ${says}`, "");
      out.push(`**Why:** ${cause}`, "", `**What to do:** ${cure}`, "", `**Your money:** ${money}`, "");
      if (fields.length) {
        out.push("| field | type | |", "|---|---|---|");
        for (const { field, type, optional, says: what } of fields) out.push(`| \`${field}\` | \`${cell(type)}${optional ? " \\| undefined" : ""}\` | ${cell(what)} |`);
        out.push("");
      }
      for (const message of messages) out.push(`> ${message.replaceAll("*", "\\*")}`, "");
    }
  }
  return out.join("\n");
}
