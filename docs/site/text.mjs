// Text into HTML: escaping, and code with its words marked. No colours stand in the HTML, so that a strict policy needs no exception.
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** @param {unknown} text */
export const escape = (text) => String(text).replace(/[&<>"]/g, (found) => ENTITIES[found]);

/** As GitHub does it, except that error codes, which begin with a small letter, keep their case. */
export function slug(text) {
  const plain = text.replace(/[`*]/g, "").trim();
  return /^[a-z]\w*$/.test(plain) ? plain : plain.toLowerCase().replace(/[^\w\s-]/g, "").trim().replace(/\s+/g, "-");
}

const WORDS =
  "abstract as async await break case catch class const continue default do else export extends false finally for from function if import in instanceof interface keyof let new null of readonly return satisfies static switch this throw true try type typeof undefined unknown void while yield".split(" ");
const TOKENS = [
  ["comment", /\/\/[^\n]*|\/\*[\s\S]*?\*\//y],
  ["text", /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/y],
  ["number", /\b\d[\d_.]*n?\b/y],
  ["word", new RegExp(`\\b(?:${WORDS.join("|")})\\b`, "y")],
  ["name", /[A-Za-z_$][\w$]*/y],
];

/** Code as HTML. Only TypeScript is marked; in a shell, comments are. */
export function highlight(code, language) {
  if (language === "sh") return escape(code).replace(/(^|\s)(#[^\n]*)/g, '$1<span class="t-comment">$2</span>');
  if (!["ts", "tsx"].includes(language)) return escape(code);
  let out = "";
  for (let at = 0; at < code.length; ) {
    let kind;
    let found;
    for (const [name, pattern] of TOKENS) {
      pattern.lastIndex = at;
      found = pattern.exec(code)?.[0];
      if (found !== undefined) {
        kind = name;
        break;
      }
    }
    const piece = found ?? code[at];
    const upper = kind === "name" && /^[A-Z]/.test(piece);
    out += kind && (kind !== "name" || upper) ? `<span class="t-${upper ? "type" : kind}">${escape(piece)}</span>` : escape(piece);
    at += piece.length;
  }
  return out;
}
