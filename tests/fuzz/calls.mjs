// One call: with which values, and what becomes of what it gives.
import { functionOf, givenBy, isInner, paramsIn, paramsOf, types } from "./surface.mjs";

/** Real milliseconds: after the first, what waits for the caller's own code gets an answer; after the second, a promise that is pending is a finding. */
const WAIT = { answer: 150, settle: 8_000, look: 80 };

/** The functions that can be called on an object, and the getters, with the class or interface that declares them; of a function itself where `owner` is its type. */
export function methodsOf(object, owner) {
  const list = [];
  try {
    if (typeof object === "function" && typeof owner === "object") return [{ owner: "given", name: "function", node: owner, self: undefined, run: object }];
    for (let proto = object; proto && proto !== Object.prototype && proto !== Function.prototype; proto = Object.getPrototypeOf(proto)) {
      for (const [name, { value, get }] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
        const by = typeof owner === "string" ? owner : proto.constructor?.name;
        // The platform's objects are not the package's, whatever they are called.
        if (typeof by !== "string" || globalThis[by]?.prototype === proto) break;
        // With an underscore: what LangChain calls, with messages of its own.
        if (name === "constructor" || name.startsWith("_") || isInner(by, name)) continue;
        if (typeof value === "function") list.push({ owner: by, name, self: object, run: value });
        else if (get) list.push({ owner: by, name, self: object, run: get });
      }
    }
  } catch {
    // A proxy of the caller's own.
  }
  return list;
}

export const settled = (promise, later, ms) => Promise.race([promise.then(() => true, () => true), new Promise((resolve) => later(() => resolve(false), ms))]);

/** Waits for all calls of a case, those too that they began. */
export async function ended(calls) {
  while (calls.length) await calls.shift();
}

/** Calls with values of the declared types, or with hostile ones, and sees to what comes out. */
export function call({ owner, name, node, self, run, from }, context) {
  const { values, judge, calls } = context;
  const { rng } = values;
  // What a wallet answers and throws is the wallet's.
  const check = owner === "Eip1193Provider" ? judge.survives : judge.check;
  const params = (node ? paramsIn(node) : paramsOf(owner, name)) ?? Array.from({ length: Number.isInteger(run.length) ? Math.min(run.length + 1, 4) : 1 });
  const given = params.slice(0, rng.chance(0.2) ? rng.below(params.length + 1) : undefined).map((type) => values.of(type));
  judge.calls(`${owner ?? from}.${name}(${given.map(describe).join(", ")})`);
  let result;
  try {
    result = run.apply(self, given);
  } catch (error) {
    check(error);
    return;
  }
  const type = node ? node.returnType?.typeAnnotation : givenBy(owner, name);
  calls.push(take(result, type, check, context));
}

/** Takes what a call gave: waits for it, tries its stream, keeps it for later calls. */
async function take(result, type, check, context) {
  const { values, judge, later } = context;
  let then;
  try {
    then = result?.then;
  } catch {
    return;
  }
  if (typeof then === "function") {
    const promise = Promise.resolve(result);
    promise.then((value) => keep(value, type, values), check);
    await patiently(promise, "the promise is still pending", context);
    return;
  }
  keep(result, type, values);
  const iterator = judge.try(() => result?.[Symbol.asyncIterator]?.bind(result));
  if (!iterator || !result.constructor?.name) return;
  const it = judge.try(iterator);
  if (typeof it?.next !== "function") return;
  const step = Promise.resolve(judge.try(() => it.next())).catch(judge.check);
  await settled(step, later, WAIT.look);
  const end = Promise.resolve(judge.try(() => it.return?.())).catch(judge.check);
  await patiently(Promise.all([step, end]), "a stream that was ended is still pending", context);
}

async function patiently(promise, otherwise, { values, judge, later }) {
  if (await settled(promise, later, WAIT.answer)) return;
  values.end();
  if (!(await settled(promise, later, WAIT.settle))) judge.found("unsettled", new Error(otherwise));
}

function keep(value, type, values) {
  const isFunction = typeof value === "function" && functionOf(type);
  if ((typeof value !== "object" && !isFunction) || value === null || values.pool.length >= 40) return;
  values.pool.push(value);
  const name = type?.typeName?.name;
  if (isFunction) values.owners.set(value, functionOf(type));
  else if (name && types.get(name)?.body) values.owners.set(value, name);
  try {
    // What the caller gave and gets back, a promise that fails among it, is the caller's again.
    for (const { value: inner } of Object.values(Object.getOwnPropertyDescriptors(value))) if (inner instanceof Promise) inner.catch(() => {});
  } catch {
    // A proxy of the caller's own.
  }
}

export function describe(value) {
  try {
    if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
    if (typeof value === "bigint") return `${String(value).slice(0, 20)}n`;
    if (typeof value !== "object" || value === null) return typeof value === "function" ? "function" : String(value);
    return `${Object.prototype.toString.call(value).slice(8, -1)}{${Object.keys(value).slice(0, 6).join(",")}}`;
  } catch {
    return "unshowable";
  }
}
