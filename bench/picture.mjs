// The result as a picture: for each thing measured a bar for each contender, as long as its share of the longest.
import { columns, digits } from "./table.mjs";

const COLOURS = ["#3b5bdb", "#e8590c", "#2b8a3e", "#9c36b5", "#868e96", "#0c8599"];
const [WIDTH, LEFT, RIGHT, BAR, GAP] = [960, 330, 150, 12, 14];

const escape = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

/** @param {import("./rows.mjs").Row[]} rows @param {string} subtitle */
export function picture(rows, subtitle) {
  const names = columns(rows);
  const colour = Object.fromEntries(names.map((name, at) => [name, COLOURS[at % COLOURS.length]]));
  const parts = [];
  const text = (x, y, value, more = "") => parts.push(`<text x="${x}" y="${y}" ${more}>${escape(value)}</text>`);
  text(20, 32, "ogkit beside its peers", 'class="title"');
  text(20, 52, subtitle, 'class="quiet"');
  names.forEach((name, at) => {
    const x = 20 + at * 155;
    parts.push(`<rect x="${x}" y="66" width="12" height="12" rx="2" fill="${colour[name]}"/>`);
    text(x + 18, 76, name);
  });
  let y = 104;
  for (const row of rows) {
    const figures = names.filter((name) => row.figures[name]);
    const longest = Math.max(...figures.map((name) => row.figures[name].high ?? row.figures[name].median)) || 1;
    const length = (value) => Math.max(1.5, (value / longest) * (WIDTH - LEFT - RIGHT));
    text(LEFT - 12, y + 10, row.what, 'text-anchor="end"');
    text(LEFT - 12, y + 24, `${row.unit}, ${row.better} is better`, 'text-anchor="end" class="quiet"');
    figures.forEach((name, at) => {
      const { median, low, high } = row.figures[name];
      const top = y + at * (BAR + 3);
      parts.push(`<rect x="${LEFT}" y="${top}" width="${length(median).toFixed(1)}" height="${BAR}" rx="2" fill="${colour[name]}"/>`);
      // The middle half of the samples.
      if (low !== undefined) parts.push(`<path d="M${(LEFT + length(low)).toFixed(1)} ${top + BAR / 2}H${(LEFT + length(high)).toFixed(1)}" stroke="currentColor" stroke-opacity=".55"/>`);
      text((LEFT + length(Math.max(median, high ?? 0)) + 6).toFixed(1), top + 10, digits(median));
    });
    y += Math.max(2, figures.length) * (BAR + 3) + GAP;
  }
  const style = "text{font:12px system-ui,sans-serif;fill:currentColor}.title{font-size:20px;font-weight:600}.quiet{fill-opacity:.65;font-size:11px}svg{color:#212529;background:#fff}@media(prefers-color-scheme:dark){svg{color:#e9ecef;background:#16181d}}";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 10}" width="${WIDTH}" height="${y + 10}" role="img" aria-label="ogkit beside its peers"><style>${style}</style>\n${parts.join("\n")}\n</svg>\n`;
}
