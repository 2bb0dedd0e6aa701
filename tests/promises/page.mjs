// The promises of docs/guides/security.md, as the page has them:
//
//     **T1. What is promised.** More of it.
//
//     > Tests
//     > * `src/eth/tx/flows.rs`: `a_rust_test`, `another_one`
//     > * `tests/node/main-job.test.mjs`: "a title, in which … stands for what a loop puts there"
//     > * `tests/simulate/oracle.rs`: "a rule's name"
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const PAGE = "docs/guides/security.md";

/**
 * @typedef {{ file: string, name: string }} Reference a test by its file and its exact name
 * @typedef {{ number: string, text: string, tests: Reference[] }} Promised
 * @param {string} page its Markdown
 * @returns {Promised[]}
 */
export function promisesOf(page) {
  const promises = [];
  for (const paragraph of page.split(/\n{2,}/)) {
    const number = /^\*\*([A-Z]\d+)\. /.exec(paragraph)?.[1];
    if (number) promises.push({ number, text: paragraph, tests: [] });
    if (!/^> Tests$/m.test(paragraph)) continue;
    const promise = promises.at(-1);
    if (!promise || promise.tests.length > 0) throw new Error(`tests of no promise:\n${paragraph}`);
    for (const line of paragraph.split("\n").slice(1)) {
      const [, file, names = ""] = /^> \* `([^`]+)`: (.+)$/.exec(line) ?? [];
      const found = [...names.matchAll(/`([^`]+)`|"([^"]+)"/g)].map(([, code, text]) => ({ file, name: code ?? text }));
      if (!file || found.length === 0) throw new Error(`${promise.number}: expected "> * \`file\`: names", but found ${line}`);
      promise.tests.push(...found);
    }
  }
  return promises;
}

/** The page as it is. */
export const promises = () => promisesOf(readFileSync(`${root}${PAGE}`, "utf8"));

/**
 * The names of the tests in a file: of a Rust file its test functions, of the simulator's its rules and mutations, of a JavaScript file the
 * titles, with `…` for what stands in a template.
 */
export function testsIn(file) {
  if (!existsSync(`${root}${file}`)) return [];
  const text = readFileSync(`${root}${file}`, "utf8");
  if (file === "tests/simulate/oracle.rs") return [...text.matchAll(/(?:violated\(\s*|Some\(\(|\|detail\| \()"([^"]+)"/g)].map(([, name]) => name);
  if (file === "tests/simulate/mutations/list.mjs") return [...text.matchAll(/(?:one\(\n\s*|name: )"([^"]+)"/g)].map(([, name]) => name);
  if (file.endsWith(".rs")) return rustTests(text);
  if (file.endsWith(".test.mjs")) return [...text.matchAll(/\b(?:test|it|with[A-Z]\w*)\(\s*(["'`])((?:(?!\1)[^\\\n]|\\.)+)\1/g)].map(([, , title]) => title.replace(/\$\{[^}]*\}/g, "…"));
  return [];
}

function rustTests(text) {
  const names = [];
  let isTest = false;
  for (const line of text.split("\n")) {
    if (/^\s*#\[(?:wasm_bindgen_)?test\b/.test(line)) isTest = true;
    else if (/^\s*#\[ignore/.test(line)) isTest = false;
    const name = /^\s*(?:async )?fn (\w+)/.exec(line)?.[1];
    if (name && isTest) names.push(name);
    if (name) isTest = false;
  }
  return names;
}
