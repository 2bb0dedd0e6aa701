// The guides: Markdown into pages. Links between them are checked by build.mjs.
import MarkdownIt from "markdown-it";
import { readFileSync, readdirSync } from "node:fs";

import { errorReference } from "./errors.mjs";
import { escape, highlight, slug } from "./text.mjs";

const folder = new URL("../guides/", import.meta.url);
/** In the order in which people read them; a file that is not named here fails the build. */
const ORDER = [
  ["Start", ["get-started", "wallets", "publish-a-source", "run-a-task", "events", "ipfs"]],
  ["OpenGradient", ["llm-calls", "on-chain-models"]],
  ["More", ["react", "node", "errors", "security", "debugging"]],
  ["Coming from", ["from-ogpu-py", "from-opengradient-py"]],
];

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });
const { rules } = markdown.renderer;
rules.fence = (tokens, index) => {
  const [language = ""] = tokens[index].info.trim().split(/\s+/);
  return `<pre tabindex="0"><code${language ? ` class="language-${escape(language)}"` : ""}>${highlight(tokens[index].content, language)}</code></pre>\n`;
};
rules.table_open = () => '<div class="wide" tabindex="0" role="region" aria-label="Table"><table>\n';
rules.table_close = () => "</table></div>\n";
rules.heading_open = (tokens, index) => {
  const { tag } = tokens[index];
  const id = escape(slug(tokens[index + 1].content));
  return `<${tag} id="${id}">`;
};
rules.heading_close = (tokens, index) => {
  const { tag } = tokens[index];
  const id = escape(slug(tokens[index - 1].content));
  return tag === "h1" ? "</h1>\n" : ` <a class="anchor" href="#${id}" aria-label="Link to this part">#</a></${tag}>\n`;
};
// The column of a table without a head would be an empty <th>, which says nothing to screen readers.
rules.th_open = (tokens, index) => (tokens[index + 1]?.content === "" ? "<td>" : '<th scope="col">');
rules.th_close = (tokens, index) => (tokens[index - 1]?.content === "" ? "</td>" : "</th>");
rules.link_open = (tokens, index, options, env, self) => {
  const href = tokens[index].attrGet("href") ?? "";
  tokens[index].attrSet("href", href.replace(/^([\w-]+)\.md(#.*)?$/, "$1.html$2"));
  return self.renderToken(tokens, index, options);
};
// A promise of the security guide can be linked to by its number, and the tests below it are shown to who asks for them.
markdown.core.ruler.push("promises", ({ tokens }) => {
  tokens.forEach((token, index) => {
    const number = /^\*\*([A-Z]\d+)\. /.exec(token.content)?.[1];
    if (number) token.children.find(({ type }) => type === "strong_open").attrSet("id", number);
    if (token.type !== "blockquote_open" || tokens[index + 2].content !== "Tests") return;
    const end = tokens.findIndex((one, at) => at > index && one.type === "blockquote_close" && one.level === token.level);
    token.attrSet("class", "tests");
    token.tag = tokens[end].tag = "details";
    tokens[index + 1].tag = tokens[index + 3].tag = "summary";
  });
});

/** Markdown as HTML. */
export const render = (text) => markdown.render(text);
/** One line of it, without a paragraph around. */
export const renderInline = (text) => markdown.renderInline(text);

/** @returns {{ group: string, path: string, title: string, body: string, outline: { id: string, title: string }[], text: string }[]} */
export function guides() {
  const files = readdirSync(folder).filter((name) => name.endsWith(".md")).map((name) => name.slice(0, -3));
  const stray = files.filter((name) => !ORDER.some(([, names]) => names.includes(name)));
  if (stray.length) throw new Error(`docs/site/guides.mjs does not name ${stray.join(", ")}`);
  return ORDER.flatMap(([group, names]) =>
    names.filter((name) => files.includes(name)).map((name) => {
      const text = readFileSync(new URL(`${name}.md`, folder), "utf8").replace("<!-- errors -->", () => errorReference());
      const tokens = markdown.parse(text, {});
      const headings = tokens.flatMap((token, index) => (token.type === "heading_open" ? [{ level: Number(token.tag[1]), title: tokens[index + 1].content.replace(/[`*]/g, "") }] : []));
      const title = headings.find(({ level }) => level === 1)?.title;
      if (!title) throw new Error(`${name}.md has no title`);
      const outline = headings.filter(({ level }) => level === 2).map((one) => ({ id: slug(one.title), title: one.title }));
      const parts = headings.filter(({ level }) => level > 1).map((one) => ({ id: slug(one.title), title: one.title }));
      return { group, path: `guides/${name}.html`, title, body: markdown.renderer.render(tokens, markdown.options, {}), outline, parts, text };
    }),
  );
}
