// `make simulate`: builds the simulator for speed and runs it. SEEDS=n: so many seeds (100000); FIRST=n: from this one on (1); SEED=x: one,
// with its history; MUTATIONS=1: with one protecting piece of code after the other taken out; SHOPS=1: the simulator of sellers
// (tests/shops), where PAYMENTS=n: as many seeds as so many payments need.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const cwd = fileURLToPath(new URL("../..", import.meta.url));
const { SEED, SEEDS = "100000", MUTATIONS, SHOPS, ...rest } = process.env;
if (MUTATIONS) {
  await import("./mutations/run.mjs");
} else {
  const env = SEED ? { ...rest, SEED } : { ...rest, SEEDS };
  const filter = SEED ? ["--exact", "seeds"] : [];
  const args = ["test", "--quiet", "--profile", "simulate", "--test", SHOPS ? "shops" : "simulate", "--", "--nocapture", ...filter];
  process.exit(spawnSync("cargo", args, { cwd, env, stdio: "inherit" }).status ?? 1);
}
