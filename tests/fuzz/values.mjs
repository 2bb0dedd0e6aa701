// Values that callers should not pass and do: by themselves, and in the places of well-formed ones.
import { membersOf, types } from "./surface.mjs";

/** A generator of pseudo-random numbers (mulberry32): one seed is one case. */
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, chance: (p) => next() < p, below: (n) => Math.floor(next() * n), pick: (list) => list[Math.floor(next() * list.length)] };
}

/** Everything that hostile code threw or rejected with in this case: what comes out again unchanged is the caller's own. */
export const thrown = new Set();
export function own(error) {
  thrown.add(error);
  return error;
}
const boom = () => own(new Error("from the caller's code"));

const ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const HASH = `0x${"ab".repeat(32)}`;
const CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
const TEXTS = ["", "x", "0x", ADDRESS, ADDRESS.toLowerCase(), HASH, CID, `ipfs://${CID}`, "https://a.example/x", "http://[", "1.5", "-1", "\ud800", "\0", "a,b", "__proto__", "constructor", "mainnet", "testnet", "openai/gpt-5", "{}", "💥".repeat(50), "9".repeat(400)];
const NUMBERS = [0, 1, 2, -1, -0, 0.5, 18, 255, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e21, 1e308, Number.NaN, Infinity, -Infinity];
const BIGINTS = [0n, 1n, -1n, 10n ** 18n, 2n ** 64n, 2n ** 256n, -(2n ** 255n), 2n ** 5000n];

function detached() {
  const bytes = new Uint8Array(64);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}
function shrunk() {
  const buffer = new ArrayBuffer(64, { maxByteLength: 128 });
  const bytes = new Uint8Array(buffer, 32);
  buffer.resize(16);
  return bytes;
}
function growing() {
  return new Uint8Array(new ArrayBuffer(8, { maxByteLength: 1 << 16 }));
}
function revoked(target) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}
function cycle() {
  const self = { a: [] };
  self.a.push(self);
  self.self = self;
  return self;
}
function deep() {
  let value = {};
  for (let i = 0; i < 20_000; i++) value = i % 2 ? [value] : { data: value };
  return value;
}
/** Every trap throws. */
const thrower = (target) => new Proxy(target, new Proxy({}, { get: () => () => { throw boom(); } }));
/** Every property throws, and the keys can be seen. */
function touchy(keys) {
  return Object.defineProperties({}, Object.fromEntries(keys.map((key) => [key, { enumerable: true, get: () => { throw boom(); } }])));
}
/** Any property is a function that answers the same again. */
const anything = () => new Proxy(function anything() {}, { get: (_, key) => (key === "then" || typeof key === "symbol" ? undefined : anything()), apply: () => anything(), construct: () => anything() });
/** A class of the caller's own, whose getters throw. */
class Touchy {
  get signal() { throw boom(); }
  get data() { throw boom(); }
  get url() { throw boom(); }
}
/** Classes whose methods work on what their constructors made, and on nothing that only looks like it. */
const FAKED = [Blob, File, Uint8Array, Float64Array, BigInt64Array, ArrayBuffer, DataView, ReadableStream, Response, Request, Headers, URL, Date, Map, Promise, AbortController, String, BigInt];
/** Values of another realm: the same, and yet no instance of this one's classes. */
const FOREIGN = ["new Uint8Array(3)", "new ArrayBuffer(4)", "[1, 'a']", "({ a: 1, length: 3 })", "Promise.resolve('x')", "new Error('foreign')", "() => undefined", "new Map([[1, 2]])", "Object.create(null)", "new Date(0)", "new (class Own { get a() { return 1; } })()"];
/** Gives something else at each look. */
function fickle(rng) {
  let looks = 0;
  return new Proxy({}, { get: () => (looks++ % 2 ? rng.pick(TEXTS) : rng.pick(NUMBERS)), ownKeys: () => (looks++ % 2 ? [] : ["a"]), getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }) });
}

/** Values of a case. `pool` has what calls have given so far; `reenter` calls into the package again. */
export class Values {
  /** The types of what is in the pool, where they are not its classes' names. */
  owners = new WeakMap();
  /** Whether something waits for an answer that has not come. */
  waits = false;
  #answers = [];

  /** @param {(script: string) => unknown} [foreign] runs a script in another realm */
  constructor(rng, pool, reenter, foreign = () => undefined) {
    Object.assign(this, { rng, pool, reenter, foreign, later: random(rng.below(2 ** 32)) });
  }

  /** What the caller's code gives when it is called, which is at no certain time: a case's own choices must not depend on it. */
  #whenCalled(make) {
    const { rng } = this;
    this.rng = this.later;
    try {
      return make();
    } finally {
      this.rng = rng;
    }
  }

  /** A promise that is pending until the case ends. */
  never() {
    this.waits = true;
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  /** Answers what still waits. */
  end() {
    for (const answer of this.#answers.splice(0)) answer(undefined);
  }

  /** A function of the caller's. */
  hostileFunction() {
    const { rng } = this;
    return rng.pick([
      () => undefined,
      () => { throw boom(); },
      () => { throw own(rng.pick([undefined, null, 1, "text", Symbol("thrown"), {}, Object.freeze({ code: 4001 })])); },
      async () => { throw boom(); },
      () => Promise.reject(own(undefined)),
      () => this.never(),
      () => ({ then: () => { throw boom(); } }),
      () => ({ get then() { throw boom(); } }),
      () => { this.#whenCalled(() => this.reenter()); return undefined; },
      async () => { await null; return this.#whenCalled(() => (this.reenter(), this.hostile(2))); },
      () => this.#whenCalled(() => this.hostile(2)),
      thrower(() => {}),
      revoked(() => {}),
      class { constructor() { throw boom(); } },
    ]);
  }

  /** Anything. */
  hostile(depth = 0) {
    const { rng } = this;
    const kinds = [
      () => undefined, () => null, () => true, () => rng.pick(TEXTS), () => rng.pick(TEXTS), () => rng.pick(NUMBERS), () => rng.pick(NUMBERS), () => rng.pick(BIGINTS),
      () => Symbol("value"), () => this.hostileFunction(), () => ({}), () => [], () => Object.create(null), () => ({ length: 2e9 }), () => ({ length: -1 }), () => ({ length: Number.NaN, 0: 1 }),
      () => cycle(), () => deep(), () => new Array(2 ** 32 - 1), () => [, ,], () => thrower({}), () => thrower([]), () => thrower(new Uint8Array(4)), () => revoked({}), () => revoked([]), () => anything(), () => fickle(rng),
      () => touchy(["length", "method", "url", "network", "wallet", "signal", "then"]), () => ({ toString: () => { throw boom(); }, valueOf: () => { throw boom(); } }), () => ({ [Symbol.toPrimitive]: () => { throw boom(); } }),
      () => ({ toJSON: () => { throw boom(); } }), () => ({ [Symbol.iterator]: () => { throw boom(); } }), () => ({ *[Symbol.iterator]() { for (;;) yield 1; } }),
      () => detached(), () => shrunk(), () => growing(), () => new Uint8Array(new SharedArrayBuffer(16)), () => new Uint8Array(3), () => new DataView(new ArrayBuffer(4)), () => new ArrayBuffer(8), () => new Float64Array(2), () => new BigInt64Array(1),
      () => new Blob(["x"]), () => Object.create(rng.pick(FAKED).prototype), () => Object.create(rng.pick(FAKED).prototype), () => new ReadableStream(), () => { const stream = new ReadableStream(); stream.getReader(); return stream; }, () => new ReadableStream({ pull: () => { throw boom(); } }),
      () => new URL("https://a.example/"), () => new Date(Number.NaN), () => new Map([[1, 2]]), () => new Set([1]), () => /x/g, () => new Error("as a value"), () => new Proxy(AbortSignal.abort(own(new Error("aborted"))), {}),
      () => AbortSignal.abort(own(new Error("aborted"))), () => Object.create(AbortSignal.prototype), () => ({ aborted: false, addEventListener: () => { throw boom(); } }), () => this.never(), () => { const failing = Promise.reject(boom()); failing.catch(() => {}); return failing; },
      () => this.foreign(rng.pick(FOREIGN)), () => this.foreign(rng.pick(FOREIGN)), () => new Touchy(), () => Object.assign([1], { *[Symbol.iterator]() { for (;;) yield 1; } }), () => new Proxy([1], { get: (list, key) => (key === "length" ? 2e9 : list[0]) }),
      () => new String("boxed"), () => Object(1n), () => Object(Symbol("boxed")), () => new (class extends Array {})(3), () => new WeakRef({}),
      () => (this.pool.length ? rng.pick(this.pool) : undefined), () => (this.pool.length ? rng.pick(this.pool) : undefined),
    ];
    const value = rng.pick(kinds)();
    if (depth < 2 && rng.chance(0.15)) return rng.pick([() => [value], () => ({ data: value }), () => [value, value]])();
    return value;
  }

  /** A value of a type, with hostile ones in it. */
  of(node, depth = 0) {
    const { rng } = this;
    if (!node || depth > 7 || rng.chance(depth === 0 ? 0.3 : 0.12)) return this.hostile(depth);
    const next = (inner) => this.of(inner, depth + 1);
    switch (node.type) {
      case "TSStringKeyword": return rng.pick(TEXTS);
      case "TSNumberKeyword": return rng.pick(NUMBERS);
      case "TSBigIntKeyword": return rng.pick(BIGINTS);
      case "TSBooleanKeyword": return rng.chance(0.5);
      case "TSUndefinedKeyword": return undefined;
      case "TSNullKeyword": return null;
      case "TSTemplateLiteralType": return rng.pick(["0x", ADDRESS, HASH, "0x00"]);
      case "TSLiteralType": return node.literal.value ?? node.literal.quasis?.[0]?.value?.cooked;
      case "TSUnionType": return next(rng.pick(node.types));
      case "TSIntersectionType": return this.object(node.types.flatMap((part) => membersOf(part.typeName ? types.get(part.typeName.name) : part)), depth);
      case "TSParenthesizedType": case "TSTypeOperator": return next(node.typeAnnotation);
      case "TSArrayType": return Array.from({ length: rng.below(4) }, () => next(node.elementType));
      case "TSTupleType": return node.elementTypes.map((element) => next(element.elementType ?? element.typeAnnotation ?? element));
      case "TSTypeLiteral": return this.object(membersOf(node), depth);
      case "TSFunctionType": return rng.chance(0.6) ? this.hostileFunction() : () => this.#whenCalled(() => next(node.returnType?.typeAnnotation));
      case "TSTypeReference": return this.reference(node, depth);
      default: return this.hostile(depth);
    }
  }

  reference(node, depth) {
    const { rng } = this;
    const name = node.typeName?.name;
    const [first] = node.typeArguments?.params ?? [];
    const known = {
      Address: () => rng.pick([ADDRESS, ADDRESS.toLowerCase(), "0x0000000000000000000000000000000000000000"]), Hash: () => HASH, Hex: () => rng.pick(["0x", "0x00ff"]), Uint8Array: () => rng.pick([new Uint8Array(5), detached(), shrunk(), growing()]),
      AbortSignal: () => rng.pick([new AbortController().signal, AbortSignal.abort(own(new Error("aborted"))), this.soon()]), Promise: () => { const promise = Promise.resolve(this.of(first, depth + 1)); promise.catch(() => {}); return promise; }, Readonly: () => this.of(first, depth + 1), Partial: () => this.of(first, depth + 1),
      Array: () => [this.of(first, depth + 1)], Blob: () => new Blob(["x"]), File: () => new File(["x"], "y"), ReadableStream: () => new Blob(["x"]).stream(), Eip1193Provider: () => this.wallet(), Record: () => ({ a: this.hostile(depth) }), URL: () => new URL("https://a.example/"),
      Request: () => new Request("https://a.example/?url=https://b.example"), Response: () => new Response("{}"), Network: () => rng.pick(["mainnet", "testnet", this.object(membersOf(types.get("Network")), depth)]),
    }[name];
    if (known) return known();
    const found = types.get(name);
    const inner = found?.typeAnnotation;
    return found?.type === "TSTypeAliasDeclaration" ? this.of(inner, depth + 1) : found?.body ? this.object(membersOf(found), depth) : this.hostile(depth);
  }

  object(members, depth) {
    const made = {};
    for (const member of members) {
      const key = member.key?.name ?? member.key?.value;
      if (!key || member.computed || (member.optional && !this.rng.chance(0.3))) continue;
      made[key] = member.type === "TSMethodSignature" ? this.hostileFunction() : this.of(member.typeAnnotation?.typeAnnotation, depth + 1);
    }
    if (this.rng.chance(0.05)) made[this.rng.pick(["x", "__proto__", "then", ""])] = this.hostile(depth);
    return this.rng.chance(0.05) ? touchy(Object.keys(made)) : made;
  }

  /** A signal that is aborted while the call runs. */
  soon() {
    const controller = new AbortController();
    setTimeout(() => controller.abort(own(new Error("aborted"))), this.rng.below(2000));
    return controller.signal;
  }

  /** A wallet that mostly answers, and sometimes with nonsense. */
  wallet(nonsense = 0.15) {
    const { rng } = this;
    const answers = { eth_accounts: [ADDRESS], eth_requestAccounts: [ADDRESS], eth_chainId: "0x42f", wallet_switchEthereumChain: null, eth_sendTransaction: HASH, eth_signTypedData_v4: `0x${"11".repeat(65)}`, personal_sign: `0x${"11".repeat(65)}` };
    return {
      request: async (asked) => {
        if (this.later.chance(nonsense)) return this.#whenCalled(() => this.hostileFunction())(asked);
        if (asked.method in answers) return answers[asked.method];
        throw own(Object.assign(new Error("not supported"), { code: 4200 }));
      },
      on: rng.chance(0.2) ? this.hostileFunction() : () => {},
      removeListener: rng.chance(0.2) ? this.hostileFunction() : () => {},
    };
  }
}
