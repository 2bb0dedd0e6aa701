/**
 * The host's own modules, asked for at run time (Node 20.16 and newer, Deno, Bun): imports of these would break browsers and
 * bundlers.
 */

/** A module of Node's by its name, typed; `undefined` where the host has none. */
interface Builtins {
  "node:dns/promises": typeof import("node:dns/promises");
  "node:fs/promises": typeof import("node:fs/promises");
  "node:http": typeof import("node:http");
  "node:https": typeof import("node:https");
  "node:module": typeof import("node:module");
  "node:stream": typeof import("node:stream");
}

/** Asks the host for one of its modules. */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  return process?.getBuiltinModule?.(name) as Builtins[Name] | undefined;
}
