// The cases in a page of Chrome's: `?first=` a seed, `?count=` of them. What is reported goes to the driver, `globalThis.report`. A trap ends it.
import { Component, createElement } from "react";
import { createRoot } from "react-dom/client";
import { modules } from "fuzz:modules";

import { cases } from "./cases.mjs";
import { rounds, watchMemories } from "./memory.mjs";
import { learn } from "./surface.mjs";
import { hasten } from "./world.mjs";

const say = (line) => globalThis.report(JSON.stringify(line));
const query = new URLSearchParams(location.search);
learn(await (await fetch("types.json")).json());
watchMemories();

const { later } = hasten();
/** In a root of its own, where its effects run. */
function mount(judge) {
  const root = createRoot(document.createElement("div"), { onUncaughtError: judge.check, onCaughtError() {}, onRecoverableError() {} });
  return { render: (tree) => root.render(tree), unmount: () => root.unmount() };
}

const frame = document.body.appendChild(document.createElement("iframe"));
const { eval: foreign } = frame.contentWindow;

let asked;
/** Wallets announce themselves, and sit at `window.ethereum`: whatever they are. */
function before(values) {
  const { rng } = values;
  const info = () => rng.pick([() => values.hostile(), () => ({ uuid: String(rng.below(5)), name: rng.pick(["x", "", 1]), icon: "data:image/png;base64,", rdns: "a.example" })])();
  const announce = () => {
    const detail = rng.pick([() => values.hostile(), () => ({ info: info(), provider: values.wallet() }), () => ({ info: info(), provider: values.hostile() })])();
    window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  };
  if (rng.chance(0.2)) announce();
  window.removeEventListener("eip6963:requestProvider", asked);
  asked = announce;
  if (rng.chance(0.2)) window.addEventListener("eip6963:requestProvider", asked);
  window.ethereum = rng.chance(0.2) ? rng.pick([() => values.hostile(), () => values.wallet(), () => ({ providers: values.hostile(), request: () => {} })])() : undefined;
}

const heap = () => performance.memory.usedJSHeapSize;
const collect = () => globalThis.collectGarbage();
const host = { modules, say, later, mount, before, react: { Component, createElement }, foreign, heap, collect };
const { run, judge, size } = cases(host);
window.addEventListener("error", (event) => (event.preventDefault(), judge.uncaught("uncaught", event.error ?? new Error(event.message))));
window.addEventListener("unhandledrejection", (event) => (event.preventDefault(), judge.uncaught("unhandled", event.reason)));
// A listener of the caller's that throws is told to the page by this.
globalThis.reportError = judge.survives;
const look = rounds(host, judge, say);

say({ surface: size });
for (let seed = Number(query.get("first")), left = Number(query.get("count") ?? Infinity); left > 0 && !judge.dead; seed++, left--) {
  await run(seed);
  await look();
}
say({ end: true });
