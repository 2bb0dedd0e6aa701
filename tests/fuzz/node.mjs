// The cases in a process of Node's: from FIRST on, COUNT of them. Each line of its output is what is reported, as JSON. A trap ends it.
import { Component, createElement } from "react";
import { renderToString } from "react-dom/server";
import { runInNewContext } from "node:vm";

import { cases } from "./cases.mjs";
import { declarations } from "./declarations.mjs";
import { rounds, watchMemories } from "./memory.mjs";
import { learn } from "./surface.mjs";
import { hasten } from "./world.mjs";

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const { FIRST = "1", COUNT = "Infinity" } = process.env;
const { types, entries } = declarations();
learn(types);
watchMemories();
const modules = {};
for (const { name, file } of entries) modules[name] = await import(file);

const { later } = hasten();
/** As a server renders: once, without effects. */
const mount = (judge) => ({ render: (tree) => judge.try(() => renderToString(tree)), unmount() {} });
const host = { modules, say, later, mount, isServer: true, react: { Component, createElement }, foreign: (script) => runInNewContext(script), heap: () => process.memoryUsage().heapUsed, collect: () => globalThis.gc() };
const { run, judge, size } = cases(host);
process.on("uncaughtException", (error) => judge.uncaught("uncaught", error));
process.on("unhandledRejection", (error) => judge.uncaught("unhandled", error));
const look = rounds(host, judge, say);

say({ surface: size });
for (let seed = Number(FIRST), left = Number(COUNT); left > 0 && !judge.dead; seed++, left--) {
  await run(seed);
  await look();
}
process.exit(judge.dead ? 3 : 0);
