import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  resolve: { alias: Object.fromEntries(["ogpu", "opengradient"].map((entry) => [`ogkit/${entry}`, fileURLToPath(new URL(`../pkg/${entry}.js`, import.meta.url))])) },
  build: { target: "es2022", outDir: "dist", emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, rolldownOptions: { input: ["index.html", "chat.html"].map((page) => fileURLToPath(new URL(page, import.meta.url))) } },
});
