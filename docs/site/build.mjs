// Builds the documents' site into target/docs: the guides, the list of errors and the reference, in one form. `node docs/site/build.mjs`
// wants the built package (`node scripts/pkg.mjs`). It fails where a link leads nowhere.
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

import { guides } from "./guides.mjs";
import { layout } from "./layout.mjs";
import { reference } from "./reference.mjs";
import { escape } from "./text.mjs";

const out = fileURLToPath(new URL("../../target/docs/", import.meta.url));

function build() {
  const texts = guides();
  const { entries, symbols } = reference();
  const nav = [
    ...[...new Set(texts.map(({ group }) => group))].map((title) => ({ title, links: texts.filter(({ group }) => group === title) })),
    { title: "Reference", links: entries },
  ];
  const home = {
    path: "index.html",
    title: "ogkit",
    body: `<h1>ogkit</h1>
<p class="lead">Two AI compute networks from the user's own wallet: publish tasks and pay for verified answers, in browsers and in Node. No private key ever enters the package.</p>
${nav.map(({ title, links }) => `<h2>${escape(title)}</h2><ul class="cards">${links.map(({ path, title: name }) => `<li><a href="${path}">${escape(name)}</a></li>`).join("")}</ul>`).join("\n")}`,
  };
  const pages = [
    home,
    ...texts.map((one, index) => ({ ...one, previous: texts[index - 1] ?? home, next: texts[index + 1] })),
    ...entries,
    ...symbols,
  ];
  rmSync(out, { recursive: true, force: true });
  const written = new Map(pages.map((page) => [page.path, layout({ ...page, nav })]));
  for (const [path, html] of written) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), html);
  }
  for (const name of ["style.css", "site.js"]) cpSync(fileURLToPath(new URL(name, import.meta.url)), join(out, name));
  const index = [
    ...texts.flatMap(({ path, title, parts }) => [[title, path, "guide"], ...parts.map((part) => [part.title, `${path}#${part.id}`, title])]),
    ...symbols.map(({ name, path, entry }) => [name, path, entry]),
    ...symbols.flatMap(({ name, path, body }) => [...body.matchAll(/<h3 id="([^"]+)">/g)].map(([, id]) => [`${name}.${id}`, `${path}#${id}`, "method"])),
  ];
  writeFileSync(join(out, "search-index.js"), `globalThis.searchIndex = ${JSON.stringify(index)};\n`);
  const broken = brokenLinks(written);
  if (broken.length) throw new Error(`links that lead nowhere:\n${broken.join("\n")}`);
  console.log(`target/docs: ${written.size} pages, ${index.length} entries to search`);
}

/** Every link within the site whose page or part does not exist. */
function brokenLinks(pages) {
  const files = new Set([...pages.keys(), "style.css", "site.js"]);
  const ids = new Map([...pages].map(([path, html]) => [path, new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]));
  const broken = [];
  for (const [path, html] of pages) {
    for (const [, href] of html.matchAll(/ (?:href|src)="([^"]*)"/g)) {
      if (/^(https?:|data:)/.test(href)) continue;
      const [file, part] = href.replaceAll("&amp;", "&").split("#");
      const target = file === "" ? path : posix.normalize(posix.join(posix.dirname(path), file));
      if (!files.has(target)) broken.push(`${path}: ${href}`);
      else if (part && ids.has(target) && !ids.get(target).has(part)) broken.push(`${path}: ${href}`);
    }
  }
  return broken;
}

build();
