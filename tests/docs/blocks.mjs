// The code blocks of the guides and the README, as programs: each is a module of its own. Names that a block uses and does not declare
// (`wallet`, `ogpu`, `task` …) are given to it by given.ts. The fence's words say what is done with it: see docs/README.md.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const FENCES = new Set(["types"]);
/** What given.ts can give, and given-opengradient.ts to blocks of that network. guides.test.mjs asks for each. */
export const GIVEN = ["wallet", "network", "devnet", "ogpu", "account", "source", "task", "response", "info", "agent", "provider", "privateKey", "rpcUrl"];
export const GIVEN_OPENGRADIENT = ["wallet", "network", "og", "account", "privateKey", "rpcUrl", "modelCid"];

/** Whether a block is about OpenGradient, by what it imports or uses. */
const isOpenGradient = (code) => /from "ogkit\/(?:opengradient|react\/opengradient|relay|ai|openai|langchain)/.test(code) || (!/from "ogkit\/ogpu"/.test(code) && /(?<![.\w])og\./.test(code));

/**
 * @typedef {{ file: string, line: number, language: "ts" | "tsx", words: string[], elsewhere?: string, code: string, name: string }} Block
 * @param {string} file a path below the root
 * @returns {Block[]} its `ts` and `tsx` blocks
 */
export function blocksOf(file) {
  const blocks = [];
  let open;
  let before = "";
  readFileSync(`${root}${file}`, "utf8").split("\n").forEach((text, index) => {
    const fence = /^\s*```(.*)$/.exec(text)?.[1];
    if (fence === undefined) {
      open?.lines.push(text);
      return void (before = text);
    }
    if (open) {
      if (open.language === "ts" || open.language === "tsx") blocks.push({ file, line: open.line, language: open.language, words: open.words, elsewhere: open.elsewhere, code: `${open.lines.join("\n")}\n`, name: `${file}:${open.line}` });
      open = undefined;
      return;
    }
    const [language = "", ...words] = fence.trim().split(/\s+/);
    if (language === "ts" || language === "tsx") for (const word of words) if (!FENCES.has(word)) throw new Error(`${file}:${index + 1}: no fence word ${word}`);
    // The newcomer's lines, for example, need a page and a bundler.
    const elsewhere = /^<!-- .*run by (\S+) -->$/.exec(before)?.[1];
    open = { language, words, elsewhere, line: index + 1, lines: [] };
  });
  if (open) throw new Error(`${file}:${open.line}: the fence is not closed`);
  return blocks;
}

/** Every document with code that must run. */
export function documents() {
  return ["README.md", ...readdirSync(`${root}docs/guides`).filter((name) => name.endsWith(".md")).sort().map((name) => `docs/guides/${name}`)];
}

/** Comments and texts say `task` too. */
const bare = (code) => code.replaceAll("...", " ").replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"/g, (found) => (found.startsWith('"') ? '""' : ""));

/** The names that a block uses and does not declare. */
export function givenTo(code) {
  const text = bare(code);
  return (isOpenGradient(code) ? GIVEN_OPENGRADIENT : GIVEN).filter((name) => {
    const used = new RegExp(`(?<![.\\w$"'])${name}\\b(?!\\s*:(?!:))`).test(text);
    const declared =
      new RegExp(`\\b(?:const|let|function|class)\\s+${name}\\b`).test(text) ||
      new RegExp(`\\b(?:const|let)\\s+[[{][^=;]*\\b${name}\\b[^=;]*[\\]}]\\s*(?:=|of\\b)`).test(text) ||
      new RegExp(`\\bimport\\s[^;]*\\b${name}\\b[^;]*\\bfrom\\b`).test(text) ||
      new RegExp(`\\(\\s*(?:\\w+,\\s*)*\\{?[^()]*\\b${name}\\b[^()]*\\}?\\)\\s*(?::[^=]+)?=>|\\b${name}\\s*=>`).test(text);
    return used && !declared;
  });
}

/**
 * The program of a block. Its first line is ours, so that line n of the block is line n + 1 of the program. A public network's name
 * stands for the devnet, and `"0x…"` for an address there: these two are all that is replaced.
 */
export function programOf({ code }) {
  const names = givenTo(code);
  const text = code
    .replace(/\bnetwork: "(mainnet|testnet)"/g, 'network: onDevnet("$1")')
    .replace(/\b(\w+): "0x…"/g, '$1: at("$1")');
  const head = `import { at, given, onDevnet } from "./${isOpenGradient(code) ? "given-opengradient" : "given"}.js"; const { ${names.join(", ")} } = await given(${JSON.stringify(names)} as const); void [at, onDevnet];`;
  return `${head}\n${text}export {};\n`;
}

/** What a block says it prints: `// → text` at the end of a line. `…` stands for anything. */
export function promisedBy(code) {
  return [...code.matchAll(/\/\/ → (.+)$/gm)].map(([, text]) => text.trim());
}

/** Whether what was printed has every promised line, in this order. */
export function kept(promised, printed) {
  let at = 0;
  for (const text of promised) {
    const pattern = new RegExp(`^${text.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[\\s\\S]*")}$`);
    while (at < printed.length && !pattern.test(printed[at])) at++;
    if (at++ >= printed.length) return text;
  }
  return undefined;
}

/** The entry points of the built package. */
export function entries() {
  return Object.keys(JSON.parse(readFileSync(`${root}pkg/package.json`, "utf8")).exports).map((name) => name.replace(/^\./, "ogkit"));
}

/** The entry points that a block imports and the package does not have. */
export function missingEntries(code) {
  const wanted = [...code.matchAll(/from "(ogkit(?:\/[\w./-]+)?)"/g)].map(([, name]) => name);
  if (isOpenGradient(code)) wanted.push("ogkit/opengradient", ...(/\bog\.alpha\b/.test(code) ? ["ogkit/opengradient"] : []));
  return [...new Set(wanted)].filter((name) => !entries().includes(name));
}
