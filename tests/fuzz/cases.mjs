// The cases, in whichever host: from a seed on, each makes clients and calls what there is with hostile values, reports what begins and
// what was found, and ends everything again.
import { call, ended, methodsOf, settled } from "./calls.mjs";
import { hookCase } from "./hooks.mjs";
import { Judge } from "./judge.mjs";
import { isInner, membersOf, types } from "./surface.mjs";
import { Values, random, thrown } from "./values.mjs";
import { web } from "./world.mjs";

/** Real milliseconds. In them the hastened clock goes on for five minutes and more. */
const WAIT = { client: 1_000, end: 50 };
const ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const CHAINED = ["vault", "nexus", "controller", "terminal", "agent", "llm", "alpha"];
const IS_HOOKS = /^ogkit\/react/;

const isClass = (value) => typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));

/** Everything that is exported and can be called. Errors are made by the package alone. */
function exportsOf(modules) {
  const list = [];
  for (const [from, module] of Object.entries(modules)) {
    if (IS_HOOKS.test(from)) continue;
    for (const [key, value] of Object.entries(module)) {
      if (isClass(value)) {
        if (!(value.prototype instanceof Error) && !isInner(key, "constructor")) list.push({ from, owner: key, name: "constructor", run: (...args) => new value(...args) });
      } else if (typeof value === "function") list.push({ from, owner: undefined, name: key, self: undefined, run: value });
      else if (typeof value === "object" && value && !Array.isArray(value)) {
        const declared = types.get(key)?.id?.typeAnnotation?.typeAnnotation?.typeName?.name ?? `${key}Static`;
        list.push(...methodsOf(value, declared).map((one) => ({ ...one, from: `${from} ${key}` })));
      }
    }
  }
  return list;
}

/** New clients for a case, and what hangs on them. */
async function clients(modules, values, later) {
  const { Ogpu } = modules["ogkit/ogpu"];
  const { OpenGradient } = modules["ogkit/opengradient"];
  const wallet = values.wallet(0.1);
  const make = values.rng.pick([
    () => Ogpu.readOnly({ network: "mainnet" }),
    () => Ogpu.connect({ wallet, network: "mainnet", switchChain: false }),
    () => OpenGradient.connect({ wallet, ...(values.rng.chance(0.5) ? { fetch: values.hostileFunction() } : {}) }),
  ]);
  const making = make().catch(() => undefined);
  // A wallet that never answers is waited for: then there is no client.
  const client = await Promise.race([making, new Promise((resolve) => later(resolve, values.waits ? 0 : WAIT.client))]);
  if (!client) {
    making.then((late) => late?.free());
    return [];
  }
  const things = [client, ...CHAINED.map((name) => client[name])];
  if (client.task) things.push(client.task(ADDRESS), client.source(ADDRESS), client.response(ADDRESS), client.provider(ADDRESS), client.master(ADDRESS));
  return things.filter((thing) => thing && typeof thing === "object");
}

/**
 * @typedef Host
 * @property {Record<string, object>} modules the package's entry points
 * @property {(line: object) => void} say takes what is reported
 * @property {typeof setTimeout} later by the clock on the wall
 * @property {(script: string) => unknown} foreign runs a script in another realm
 * @property {(element: unknown, react: object) => unknown} mount renders with React
 * @property {boolean} [isServer] whether that is all, as on a server: no effects
 * @property {(values: Values) => void} [before] what the host alone can do to the package, before a case
 */

/** Makes what runs one case. @param {Host} host */
export function cases(host) {
  const { modules, say, later } = host;
  const list = exportsOf(modules);
  const hooks = Object.keys(modules).filter((name) => IS_HOOKS.test(name));
  const judge = new Judge(say);
  const idle = new Values(random(1), [], () => {});
  let current = idle;
  globalThis.fetch = web(() => current, globalThis.fetch);

  async function one(seed) {
    const rng = random(seed);
    const pool = [];
    const calls = [];
    let attempt = () => {};
    const values = new Values(rng, pool, () => {
      if (calls.length < 8) attempt(values.rng.pick(list));
    }, host.foreign);
    thrown.clear();
    current = values;
    judge.begin(seed);
    host.before?.(values);
    const context = { values, judge, later, calls };
    attempt = (target) => call(target, context);
    if (hooks.length && rng.chance(0.15)) {
      await hookCase(rng.pick(hooks), modules, host, context);
    } else {
      const things = await clients(modules, values, later);
      const methods = things.flatMap((thing) => methodsOf(thing));
      pool.push(...things);
      const count = rng.pick([1, 1, 1, 2, 3]);
      for (let i = 0; i < count; i++) {
        attempt(rng.pick(methods.length && rng.chance(0.6) ? methods : list));
        if (rng.chance(0.15)) for (const thing of things) if (typeof thing.free === "function" && rng.chance(0.5)) thing.free();
        if (rng.chance(0.3)) await null;
      }
      await ended(calls);
      // What calls gave is called, too: streams, tasks, contents, functions.
      const given = pool.filter((thing) => !things.includes(thing)).flatMap((thing) => methodsOf(thing, values.owners.get(thing)).filter(({ owner, node }) => node || membersOf(types.get(owner)).length));
      if (given.length) attempt(rng.pick(given));
      await ended(calls);
      for (const thing of things) judge.try(() => thing.free?.());
      // A client's wallet knows the case, and so the client: a circle through the WebAssembly, which no collector sees.
      pool.length = 0;
    }
    // Whatever still waits for the caller's code is answered now, and ends.
    values.end();
    await settled(new Promise((resolve) => later(resolve, values.waits ? WAIT.end : 0)), later, WAIT.client);
    for (const name of ["ogkit/ogpu", "ogkit/opengradient"]) modules[name].setLogLevel?.("silent");
    current = idle;
    thrown.clear();
  }

  return {
    size: list.length,
    judge,
    async run(seed) {
      try {
        await one(seed);
      } catch (error) {
        judge.check(error);
        judge.found("broke the case", error);
      }
      say({ done: seed });
    },
  };
}
