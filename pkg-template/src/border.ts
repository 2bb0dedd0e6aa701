/**
 * The way into the WebAssembly: every argument is read once, here, and what crosses is plain. A getter that throws, a proxy that was
 * revoked or a buffer that was transferred would otherwise throw in the midst of Rust's work, which cannot be unwound.
 *
 * `scripts/border.mjs` puts calls of these into the glue that wasm-bindgen writes.
 */

import { FreedError, invalidInput, isOgError } from "./errors.js";

/** The most values that an argument may have in it, and how deep they may be nested. */
const MAX_VALUES = 5_000_000;
const MAX_DEPTH = 1_000;
/** What is used by its identity, or has methods: it is looked at member by member, each look guarded. */
const KEPT: readonly string[] = ["wallet", "store"];

interface Walk {
  left: number;
  readonly above: Set<object>;
}

/** The arguments of a call as they may cross. @throws InvalidInputError */
export function cross(values: readonly unknown[], names: readonly string[]): unknown[] {
  const walk: Walk = { left: MAX_VALUES, above: new Set() };
  return values.map((value, index) => plain(value, names[index] ?? "", walk));
}

/** What has been given back cannot be used. @throws FreedError */
export function live(pointer: number, name: string): void {
  if (pointer !== 0) return;
  const message = `this ${name} was given back with free() and cannot be used; nothing was sent`;
  throw new FreedError({ name: "FreedError", code: "freed", message, fields: {} });
}

/** A text that has no way to say where it comes from. @throws InvalidInputError */
export function text(value: unknown, name: string): void {
  if (typeof value !== "string") throw invalidInput(name, `expected a text, but found ${value === null ? "null" : typeof value}`);
}

/** A list, such as the WebAssembly looks at item by item. @throws InvalidInputError */
export function list(value: unknown, name: string): void {
  if (!guarded(name, () => Array.isArray(value))) throw invalidInput(name, "expected a list");
}

/**
 * The caller's list as it is now, read by its indices: an iterator of its own might never end, and neither do the holes of a sparse one.
 * @throws InvalidInputError
 */
export function listed(value: unknown, name: string, max: number, rest: "refused" | "left out" = "refused"): unknown[] {
  return guarded(name, () => {
    const length = Array.isArray(value) ? (value.length as unknown) : undefined;
    if (typeof length !== "number" || !(length >= 0 && (length <= max || rest === "left out"))) throw invalidInput(name, `expected a list of at most ${max} items`);
    return Array.from({ length: Math.min(length, max) }, (_, at) => (value as readonly unknown[])[at]);
  });
}

/**
 * An options object as it is now, read once; nothing in it is checked. `undefined` is one without options.
 * @throws InvalidInputError
 */
export function bag<T extends object>(value: T | undefined, name: string): T {
  if (value === undefined || value === null) return {} as T;
  if (typeof value !== "object") throw invalidInput(name, `expected an object, but found a ${typeof value}`);
  return guarded(name, () => ({ ...value }));
}

/** The caller's signal, where there is one. @throws InvalidInputError */
export function signalOf(value: unknown, name: string): AbortSignal | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object") throw invalidInput(name, "expected an AbortSignal");
  return signal(value, name);
}

/** @throws InvalidInputError */
export function callable(value: unknown, name: string): void {
  if (typeof value !== "function") throw invalidInput(name, "expected a function");
}

/** What the caller's own code gives, or an error that names the place. */
export function guarded<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (isOgError(cause)) throw cause;
    const error = invalidInput(path, "it threw");
    Object.defineProperty(error, "cause", { value: cause, configurable: true });
    throw error;
  }
}

function plain(value: unknown, path: string, walk: Walk): unknown {
  if (typeof value === "function") return path.endsWith(".fetch") ? checkedFetch(value as Callback) : quiet(value as Callback);
  if (typeof value !== "object" || value === null) return value;
  walk.left -= 1;
  if (walk.left < 0) throw invalidInput(path, `expected at most ${MAX_VALUES} values`);
  if (ArrayBuffer.isView(value)) return bytes(value, path);
  if (walk.above.has(value) || walk.above.size > MAX_DEPTH) {
    throw invalidInput(path, walk.above.has(value) ? "expected a value that JSON can hold (no bigint, cycle or undefined)" : `expected at most ${MAX_DEPTH} values in one another`);
  }
  walk.above.add(value);
  const copy = guarded(path, () => Array.isArray(value)) ? items(value as readonly unknown[], path, walk) : members(value, path, walk);
  walk.above.delete(value);
  return copy;
}

/** A view of bytes that cannot change its length under Rust's hands. */
function bytes(view: ArrayBufferView, path: string): ArrayBufferView {
  const { buffer, byteLength } = view;
  const { resizable } = buffer as { resizable?: boolean };
  try {
    // Throws for a buffer that was transferred, whose views say 0.
    new Uint8Array(buffer, view.byteOffset, byteLength);
  } catch {
    throw invalidInput(path, "its buffer was transferred");
  }
  const isShared = typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer;
  return resizable !== true && !isShared ? view : guarded(path, () => (view as Uint8Array).slice());
}

function items(list: readonly unknown[], path: string, walk: Walk): unknown[] {
  const length = guarded(path, () => list.length);
  if (typeof length !== "number" || !(length >= 0 && length <= walk.left)) throw invalidInput(path, `expected at most ${MAX_VALUES} values`);
  // Also of the same list, which may be an item again and again.
  walk.left -= length;
  const copy: unknown[] = [];
  for (let at = 0; at < length; at++) {
    const item = guarded(path, () => list[at]);
    // Numbers are the most of long lists, and need no path.
    copy.push((typeof item === "object" && item !== null) || typeof item === "function" ? plain(item, `${path}[${at}]`, walk) : item);
  }
  return copy;
}

function members(object: object, path: string, walk: Walk): unknown {
  const proto: unknown = guarded(path, () => Object.getPrototypeOf(object));
  const keys = guarded(path, () => Object.keys(object));
  walk.left -= keys.length;
  if (guarded(path, () => object instanceof AbortSignal || /(?:^|\.)signal$/.test(path))) return signal(object, path);
  // The platform's own objects and the caller's classes are what they are; only what is hung on them is read, too.
  const isPlain = proto === Object.prototype || proto === null;
  if (!isPlain) real(object, path);
  const copy = (isPlain ? {} : Object.create(proto as object)) as Record<string, unknown>;
  let isSame = !isPlain;
  for (const key of keys) {
    const value = guarded(`${path}.${key}`, () => (object as Record<string, unknown>)[key]);
    const crossed = KEPT.includes(key) ? guarded(`${path}.${key}`, () => (Array.isArray(value), value)) : plain(value, `${path}.${key}`, walk);
    isSame &&= crossed === value;
    const kept = key === "network" ? value : crossed;
    if (isPlain && key !== "__proto__") copy[key] = kept;
    // No setter of a prototype's is asked.
    else Object.defineProperty(copy, key, { value: kept, enumerable: true, configurable: true, writable: true });
  }
  return isSame ? object : copy;
}

const TypedArray = Object.getPrototypeOf(Uint8Array) as FunctionConstructor;

/** Refuses what has the prototype of bytes or of a file, and nothing behind it. */
function real(object: object, path: string): void {
  // Real bytes are views.
  if (guarded(path, () => object instanceof TypedArray)) throw invalidInput(path, "expected bytes");
  if (guarded(path, () => object instanceof Blob)) guarded(path, () => (object as Blob).size);
}

type Callback = (...values: unknown[]) => unknown;

/** Where nobody may come to look at a promise of the caller's: that it fails must not end the process. */
export function handled(value: unknown): void {
  try {
    if (value instanceof Promise) value.catch(() => {});
  } catch {
    // A proxy that was revoked, for example, is no promise.
  }
}

/** The caller's function. A promise that nobody waits for, a listener's for example, must not end the process when it fails. */
export function quiet(run: Callback): Callback {
  return (...values) => {
    const answer = run(...values);
    handled(answer);
    return answer;
  };
}

/** More headers than these are no answer of a server. */
const MAX_HEADERS = 1_000;

const status = Object.getOwnPropertyDescriptor(Response.prototype, "status")?.get;

/** Whether it is a `Response` of this realm, and no proxy of one. */
function isResponse(value: unknown): boolean {
  try {
    status?.call(value);
    // Some engines take a proxy for one.
    const { status: code, url } = value as Response;
    return typeof code === "number" && typeof url === "string";
  } catch {
    return false;
  }
}

/** The caller's `fetch`, whose answer is a `Response` or a failure. One that only looks like it, a library's own, is made into one. */
function checkedFetch(fetch: Callback): Callback {
  return async (...values) => {
    const answer = (await fetch(...values)) as Response;
    if (isResponse(answer)) {
      if (answer.bodyUsed || answer.body?.locked) throw new TypeError("fetch answered with a Response whose body was read before");
      return answer;
    }
    try {
      const { status: code, url, headers, body } = answer;
      const pairs: [string, string][] = [];
      for (const pair of headers) if (pairs.push(pair) > MAX_HEADERS) throw new TypeError(`expected at most ${MAX_HEADERS} headers`);
      const made = new Response(body, { status: code, headers: pairs });
      return Object.defineProperty(made, "url", { value: String(url) });
    } catch (cause) {
      throw new TypeError("fetch did not answer with a Response", { cause });
    }
  };
}

const aborted = Object.getOwnPropertyDescriptor(AbortSignal.prototype, "aborted")?.get;

/** An `AbortSignal`: this realm's as it is, another's through one of ours. */
function signal(object: object, path: string): AbortSignal {
  try {
    aborted?.call(object);
    return object as AbortSignal;
  } catch {
    // Not of this realm, or not one at all.
  }
  const other = object as AbortSignal;
  const state: unknown = guarded(path, () => other.aborted);
  if (typeof state !== "boolean") throw invalidInput(path, "expected an AbortSignal");
  const ours = new AbortController();
  const follow = (): void => ours.abort(guarded(path, () => other.reason as unknown));
  if (state) follow();
  else guarded(path, () => other.addEventListener("abort", follow, { once: true }));
  return ours.signal;
}
