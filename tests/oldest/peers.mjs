// `node --import ./tests/oldest/peers.mjs --test …` runs tests with the peers of this folder: the oldest that the package allows.
import { register } from "node:module";

register("./resolve.mjs", import.meta.url);
