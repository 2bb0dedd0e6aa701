// The result as a Markdown table.
const FIRST = ["ogkit", "viem", "ethers", "ogpu (Python)"];

/** The contenders of all rows, ours first. */
export function columns(rows) {
  const all = new Set(rows.flatMap(({ figures }) => Object.keys(figures)));
  return [...FIRST.filter((name) => all.has(name)), ...[...all].filter((name) => !FIRST.includes(name))];
}

/** Three digits that mean something. */
export const digits = (value) => (value === 0 ? "0" : value >= 100 ? String(Math.round(value)) : Number(value.toPrecision(3)).toString());

/** How many times better we are than a peer. */
export const factor = ({ better }, ours, theirs) => (better === "less" ? theirs / ours : ours / theirs);

const cell = (row, name) => {
  const figure = row.figures[name];
  if (!figure) return "–";
  const text = digits(figure.median);
  const ours = row.figures.ogkit?.median;
  return name === "ogkit" ? `**${text}**` : ours ? `${text} (${digits(factor(row, ours, figure.median))}×)` : text;
};

/** @param {import("./rows.mjs").Row[]} rows */
export function table(rows) {
  const names = columns(rows);
  const lines = [["", "unit", ...names, "sample"], ["---", "---", ...names.map(() => "--:"), "---"]];
  for (const row of rows) lines.push([row.what, row.unit, ...names.map((name) => cell(row, name)), row.sample]);
  const notes = [...new Set(rows.filter(({ note }) => note).map(({ what, note }) => `* ${what}: ${note}`))];
  return `${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}\n\n(n×): how many times better ogkit is; below 1 the peer is.\n\n${notes.join("\n")}`;
}
