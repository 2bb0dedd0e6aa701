// What the package and its tests import of the peers is resolved from this folder; the devnet and every library keep their own.
import { readFileSync } from "node:fs";

const here = new URL("package.json", import.meta.url);
const root = new URL("../../", import.meta.url).href;
const names = Object.keys(JSON.parse(readFileSync(here, "utf8")).devDependencies);
const isPeer = (specifier) => names.some((name) => specifier === name || specifier.startsWith(`${name}/`));
const isOurs = (parent) => parent?.startsWith(root) && !/^(?:tests\/(?:devnet|e2e)|www|.*node_modules)\//.test(parent.slice(root.length));

export const resolve = (specifier, context, next) => next(specifier, isPeer(specifier) && isOurs(context.parentURL) ? { ...context, parentURL: here.href } : context);
