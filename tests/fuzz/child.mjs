// Runs cases from FIRST on and reports each line as JSON: what begins, and what was found. A trap ends the process.
import { types, entries, isInner, membersOf, paramsOf } from "./surface.mjs";
import { Values, random, thrown } from "./values.mjs";
import { hasten, web } from "./world.mjs";

const { later } = hasten();
const REAL_MS = { settle: 6_000, look: 250 };
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Hooks run in a component only; React itself refuses them elsewhere. */
const LEFT_OUT = /^ogkit\/react/;
/** What waits for the outside world by design: events, another window, a server's connection. Ended, they must settle. */
let current = { values: undefined, what: "start", seed: 0 };
globalThis.fetch = web(() => current.values ?? new Values(random(1), [], () => {}));

const text = (error) => {
  try {
    return `${error?.name ?? typeof error}: ${error?.message ?? String(error)}`.slice(0, 300);
  } catch {
    return "an error that cannot be shown";
  }
};
const place = (error) => {
  try {
    return (String(error?.stack).split("\n").filter((line, _, all) => /\/pkg\//.test(line) || (/tests\/fuzz/.test(line) && !/\/pkg\//.test(all.join()))).map((line) => line.trim().replace(/file:.*\/pkg\//, "")).slice(0, 4));
  } catch {
    return [];
  }
};
function found(kind, error) {
  say({ finding: kind, seed: current.seed, what: current.what, error: text(error), stack: place(error) });
}

/** Whether an error may come out: one of the package's, with a code, or what the caller threw itself. */
function check(error) {
  let trap = false;
  try {
    trap = error instanceof WebAssembly.RuntimeError;
  } catch {
    // A proxy of the caller's own.
  }
  if (trap) {
    found("trap", error);
    process.exit(3);
  }
  if (thrown.has(error)) return;
  let code;
  try {
    code = error?.code;
  } catch {
    // A getter of the caller's own, in an error that it threw.
    return;
  }
  if (typeof code !== "string" && !(error instanceof DOMException)) found("without a code", error);
}
process.on("uncaughtException", (error) => (check(error), found("uncaught", error)));
process.on("unhandledRejection", (error) => (check(error), found("unhandled", error)));

const CHAINED = ["vault", "nexus", "controller", "terminal", "agent", "llm", "alpha"];
/** The functions that can be called on an object, with the class or interface that declares them. */
function methodsOf(object, owner) {
  const list = [];
  for (let proto = object; proto && proto !== Object.prototype && proto !== Function.prototype; proto = Object.getPrototypeOf(proto)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
      if (typeof value === "function" && name !== "constructor" && !name.startsWith("__") && !isInner(owner ?? proto.constructor?.name, name)) list.push({ owner: owner ?? proto.constructor?.name, name, self: object, run: value });
    }
  }
  return list;
}

async function roots() {
  const list = [];
  const modules = {};
  for (const { name, file } of entries()) {
    if (LEFT_OUT.test(name)) continue;
    const module = (modules[name] = await import(file));
    for (const [key, value] of Object.entries(module)) {
      const isClass = typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
      if (typeof value === "function" && !isClass) list.push({ from: name, owner: undefined, name: key, self: undefined, run: value });
      else if (typeof value === "object" && value && !Array.isArray(value)) {
        const declared = types.get(key)?.id?.typeAnnotation?.typeAnnotation?.typeName?.name ?? `${key}Static`;
        list.push(...methodsOf(value, declared).map((one) => ({ ...one, from: `${name} ${key}` })));
      }
    }
  }
  return { list, modules };
}

const ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
/** New clients for a case, and what hangs on them. */
async function clients(modules, values) {
  const { Ogpu } = modules["ogkit/ogpu"];
  const { OpenGradient } = modules["ogkit/opengradient"];
  const wallet = values.wallet(0.1);
  const make = values.rng.pick([
    () => Ogpu.readOnly({ network: "mainnet" }),
    () => Ogpu.connect({ wallet, network: "mainnet", switchChain: false }),
    () => OpenGradient.connect({ wallet, ...(values.rng.chance(0.5) ? { fetch: values.hostileFunction() } : {}) }),
  ]);
  // A wallet that never answers is waited for: then there is no client.
  const client = await Promise.race([make().catch(() => undefined), new Promise((resolve) => later(resolve, 1000))]);
  if (!client) return [];
  const things = [client, ...CHAINED.map((name) => client[name])];
  if (client.task) things.push(client.task(ADDRESS), client.source(ADDRESS), client.response(ADDRESS), client.provider(ADDRESS), client.master(ADDRESS));
  return things.filter((thing) => thing && typeof thing === "object");
}

const settled = (promise, ms) => Promise.race([promise.then(() => true, () => true), new Promise((resolve) => later(() => resolve(false), ms))]);

/** Takes what a call gave: waits for it, tries its stream, keeps it for later calls. */
async function take(result, values, pool) {
  let then;
  try {
    then = result?.then;
  } catch {
    return;
  }
  if (typeof then === "function") {
    const promise = Promise.resolve(result);
    promise.then((value) => keep(value, pool), check);
    if (!(await settled(promise, REAL_MS.settle)) && !values.waits) found("unsettled", new Error("the promise is still pending"));
    return;
  }
  keep(result, pool);
  const iterator = result?.[Symbol.asyncIterator]?.bind(result);
  if (!iterator || !result.constructor?.name) return;
  const it = iterator();
  const step = Promise.resolve(it.next()).catch(check);
  await settled(step, REAL_MS.look);
  const end = Promise.resolve(it.return?.()).catch(check);
  if (!(await settled(Promise.all([step, end]), REAL_MS.settle)) && !values.waits) found("unsettled", new Error("a stream that was ended is still pending"));
}
function keep(value, pool) {
  if (value !== null && typeof value === "object" && pool.length < 40) pool.push(value);
}

async function one(seed, { list, modules }) {
  const rng = random(seed);
  const pool = [];
  const calls = [];
  let attempt = () => {};
  const values = new Values(rng, pool, () => {
    if (calls.length < 8) attempt(rng.pick(list));
  });
  thrown.clear();
  current = { seed, values, what: "clients" };
  const things = await clients(modules, values);
  const methods = things.flatMap((thing) => methodsOf(thing));
  pool.push(...things);

  attempt = (target) => {
    const { owner, name, self, run } = target;
    const params = paramsOf(owner, name) ?? Array.from({ length: Math.min(run.length + 1, 4) });
    const given = params.slice(0, rng.chance(0.2) ? rng.below(params.length + 1) : undefined).map((type) => values.of(type));
    current.what = `${calls.length ? `${current.what}, ` : ""}${owner ?? target.from}.${name}(${given.map(describe).join(", ")})`.slice(-600);
    say({ at: seed, what: current.what });
    let result;
    try {
      result = run.apply(self, given);
    } catch (error) {
      check(error);
      return;
    }
    calls.push(take(result, values, pool));
  };
  const count = rng.pick([1, 1, 1, 2, 3]);
  for (let i = 0; i < count; i++) {
    attempt(rng.pick(methods.length && rng.chance(0.6) ? methods : list));
    if (rng.chance(0.15)) for (const thing of things) if (typeof thing.free === "function" && rng.chance(0.5)) thing.free();
    if (rng.chance(0.3)) await null;
  }
  while (calls.length) await calls.shift();
  // What calls gave is called, too: streams, tasks, contents.
  const given = pool.filter((thing) => !things.includes(thing)).flatMap((thing) => { try { return methodsOf(thing).filter(({ owner }) => membersOf(types.get(owner)).length); } catch { return []; } });
  if (given.length) attempt(rng.pick(given));
  while (calls.length) await calls.shift();
  for (const thing of things) {
    try {
      thing.free?.();
    } catch (error) {
      check(error);
    }
  }
  modules["ogkit/ogpu"].setLogLevel?.("silent");
  await new Promise((resolve) => later(resolve, 0));
}

function describe(value) {
  try {
    if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
    if (typeof value === "bigint") return `${String(value).slice(0, 20)}n`;
    if (typeof value !== "object" || value === null) return typeof value === "function" ? "function" : String(value);
    return `${Object.prototype.toString.call(value).slice(8, -1)}{${Object.keys(value).slice(0, 6).join(",")}}`;
  } catch {
    return "unshowable";
  }
}

const surface = await roots().catch((error) => {
  console.error(error);
  process.exit(1);
});
say({ surface: surface.list.length });
for (let seed = Number(process.env.FIRST ?? 1), left = Number(process.env.COUNT ?? Infinity); left > 0; seed++, left--) {
  try {
    await one(seed, surface);
  } catch (error) {
    check(error);
    found("broke the case", error);
  }
  say({ done: seed });
}
process.exit(0);
