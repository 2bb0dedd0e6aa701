/** What goes out, line by line, for whoever debugs. Never bodies, headers, query strings or keys. */

import { callable, quiet } from "./border.js";

/** Who is told each line. */
export type LogSink = (line: string) => void;

/** How much is told. */
export type LogLevel = "silent" | "debug";

const toConsole: LogSink = (line) => console.debug(`ogkit ${line}`);

/** `OGKIT_DEBUG` in Node's environment, or as a global of the page, turns it on from the start. */
function wanted(): boolean {
  const scope = globalThis as { OGKIT_DEBUG?: unknown; process?: { env?: Record<string, string | undefined> } };
  try {
    return Boolean(scope.OGKIT_DEBUG ?? scope.process?.env?.OGKIT_DEBUG);
  } catch {
    // Deno asks its user before it shows the environment.
    return false;
  }
}

let sink: LogSink | undefined = wanted() ? toConsole : undefined;
const modules = new Set<(sink: LogSink | undefined) => void>();

/** @internal Each WebAssembly that is loaded. */
export function attachLog(set: (sink: LogSink | undefined) => void): void {
  modules.add(set);
  set(sink);
}

/**
 * Traces each HTTP request (number, method, URL without its query, status, time, sizes), the JSON-RPC methods in it, and
 * each question to the wallet. Errors carry the number of the request that failed as `requestId`.
 *
 * @param to told each line; default: `console.debug`
 */
export function setLogLevel(level: LogLevel, to: LogSink = toConsole): void {
  callable(to, "to");
  sink = level === "debug" ? (quiet(to as (...values: unknown[]) => unknown) as LogSink) : undefined;
  for (const set of modules) set(sink);
}
