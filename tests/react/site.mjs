// What the tests of React's hooks share: an app built twice, for the page and for a server, and rendered there.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Where Node finds a package: the layer `oldest` has another React than esbuild would find. */
const found = (name) => dirname(fileURLToPath(import.meta.resolve(`${name}/package.json`)));
const react = { react: found("react"), "react-dom": found("react-dom") };
const alias = Object.fromEntries(["react/opengradient", "react", "ogpu", "opengradient"].map((entry) => [`ogkit/${entry}`, join(root, `pkg/${entry}.js`)]));

/**
 * @param {string} app the page's script @param {string} parts what it shows, exported as `App`
 * @returns a folder with a site: `index.html`, and `hydrated.html` with what `render` made
 */
export async function buildSite(app, parts) {
  mkdirSync(join(root, "target"), { recursive: true });
  const folder = mkdtempSync(join(root, "target/react-"));
  const site = join(folder, "site");
  const common = { bundle: true, format: "esm", jsx: "automatic", alias, logLevel: "error", target: "es2022", define: { "process.env.NODE_ENV": '"development"' } };
  await build({ ...common, alias: { ...alias, ...react }, entryPoints: [join(root, "tests/react", app)], outfile: join(site, "app.js") });
  cpSync(join(root, "pkg/wasm"), join(site, "wasm"), { recursive: true });
  await build({ ...common, entryPoints: [join(root, "tests/react", parts)], outfile: join(folder, "server.mjs"), platform: "node", external: ["react", "react/jsx-runtime", join(root, "pkg/*")] });
  const write = (name, inner) => writeFileSync(join(site, name), `<!doctype html><title>t</title><link rel="icon" href="data:,"><div id="root">${inner}</div><script type="module" src="app.js"></script>`);
  write("index.html", "");
  return {
    site,
    /** The app as a server renders it, after these buttons: no page, no request, no WebAssembly. */
    async render(buttons, props) {
      assert.equal(typeof globalThis.window, "undefined");
      const { fetch, WebAssembly } = globalThis;
      globalThis.fetch = () => assert.fail("a request while rendering on a server");
      globalThis.WebAssembly = new Proxy({}, { get: () => assert.fail("WebAssembly while rendering on a server") });
      try {
        const [{ App }, { createElement }, { renderToString }] = await Promise.all([import(pathToFileURL(join(folder, "server.mjs"))), import("react"), import("react-dom/server")]);
        const html = buttons.map((id) => renderToString(createElement("button", { id }, id))).join("") + renderToString(createElement(App, props));
        write("hydrated.html", html);
        return html;
      } finally {
        Object.assign(globalThis, { fetch, WebAssembly });
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Waits until an element says so. */
export const has = (page, selector, text) => page.locator(selector).filter({ hasText: text }).first().waitFor();
