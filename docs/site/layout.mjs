// One page of the site.
import { readFileSync } from "node:fs";

import { escape } from "./text.mjs";

/** Everything comes from the site itself, and no script or style stands in a page. */
export const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'";

const { repository } = JSON.parse(readFileSync(new URL("../../pkg-template/package.json", import.meta.url), "utf8"));
const REPOSITORY = repository.url.replace(/^git\+|\.git$/g, "");

/**
 * @param {{ path: string, title: string, body: string, nav: { title: string, links: { path: string, title: string }[] }[],
 *   outline?: { id: string, title: string }[], previous?: { path: string, title: string }, next?: { path: string, title: string } }} page
 */
export function layout({ path, title, body, nav, outline = [], previous, next }) {
  const up = "../".repeat(path.split("/").length - 1);
  const link = (to) => `<a href="${up}${to.path}"${to.path === path ? ' aria-current="page"' : ""}>${escape(to.title)}</a>`;
  const groups = nav.map(({ title: name, links }) => {
    const list = `<ul>${links.map((to) => `<li>${link(to)}</li>`).join("")}</ul>`;
    return `<section><h2>${escape(name)}</h2>${list}</section>`;
  });
  const here = outline.length > 2 ? `<nav class="outline" aria-label="On this page"><h2>On this page</h2><ul>${outline.map(({ id, title: name }) => `<li><a href="#${id}">${escape(name)}</a></li>`).join("")}</ul></nav>` : "";
  const turn = previous || next ? `<nav class="turn" aria-label="Next and previous page">${previous ? `<span>← ${link(previous)}</span>` : "<span></span>"}${next ? `<span>${link(next)} →</span>` : ""}</nav>` : "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title === "ogkit" ? "" : `${escape(title)} · `}ogkit</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${up}style.css">
<script src="${up}site.js" data-root="${up}" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header>
<a class="home" href="${up}index.html">ogkit</a>
<search hidden><label for="search">Search</label><input id="search" type="search" autocomplete="off" spellcheck="false" role="combobox" aria-expanded="false" aria-controls="found" aria-autocomplete="list" placeholder="Search ( / )"><ul id="found" role="listbox" aria-label="Search results" hidden></ul></search>
<a class="menu" href="#pages">Menu</a>
</header>
<div class="frame">
<main id="main" tabindex="-1">
${body}
${turn}
</main>
${here}
<nav id="pages" class="pages" aria-label="All pages" tabindex="-1">
${groups.join("\n")}
</nav>
</div>
<footer><a href="${REPOSITORY}">Repository</a></footer>
</body>
</html>
`;
}
