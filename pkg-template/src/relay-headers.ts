/** Which headers and media types a relay passes on. */

import { invalidInput } from "./errors.js";

/** Of one connection (RFC 9110, 7.6.1), of the message's framing, of somebody's session, or the relay's own to say. */
const NEVER = /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-length|content-encoding|content-type|cookie2?|set-cookie2?|access-control-.*|sec-.*|content-security-policy.*|cross-origin-.*|x-content-type-options|location|refresh|clear-site-data|strict-transport-security|service-worker-allowed|origin|x-ogkit-relay.*)$/;
/** What browsers run, render as a page, or take for a style. */
const ACTIVE = /html|xml|svg|script|css|pdf|wasm|\/x-|mpegurl|multipart|manifest|flash/;
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/**
 * The names of headers that may be passed on, in lower case.
 * @throws InvalidInputError
 */
export function checkNames(names: readonly string[], field: string): readonly string[] {
  return names.map((name) => {
    const lower = String(name).toLowerCase();
    if (!TOKEN.test(lower) || NEVER.test(lower)) throw invalidInput(field, `${lower.slice(0, 60)} is never passed on`);
    return lower;
  });
}

/**
 * Media types that may be passed on, in lower case.
 * @throws InvalidInputError
 */
export function checkTypes(types: readonly string[]): readonly string[] {
  return types.map((type) => {
    const lower = String(type).toLowerCase();
    const [main = "", sub = "", more] = lower.split("/");
    if (!TOKEN.test(main) || !TOKEN.test(sub) || more !== undefined) throw invalidInput("options.mediaTypes", 'expected media types such as "image/png"');
    if (ACTIVE.test(lower)) throw invalidInput("options.mediaTypes", `${lower.slice(0, 60)} is never passed on: a browser could run it`);
    return lower;
  });
}

/**
 * A media type from the list as it is sent on: the name, and the charset where there is one. Not what the upstream wrote: browsers take
 * the last of several.
 */
export function cleanType(written: string | null, types: readonly string[]): string | undefined {
  const [name = "", ...parameters] = (written ?? "").split(";");
  const type = name.trim().toLowerCase();
  if (!types.includes(type)) return undefined;
  const charset = /^charset="?([\w-]+)"?$/i.exec(parameters[0]?.trim() ?? "")?.[1];
  return charset === undefined ? type : `${type}; charset=${charset.toLowerCase()}`;
}

/** The headers of these names, but none that the message's `Connection` keeps to this connection. */
export function pick(headers: Headers, names: readonly string[]): Headers {
  const kept = (headers.get("connection") ?? "").toLowerCase().split(",").map((name) => name.trim());
  const picked = new Headers();
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null && !kept.includes(name)) picked.set(name, value);
  }
  return picked;
}
