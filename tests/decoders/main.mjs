// `make fuzz DECODERS=1`: the fuzz targets of all decoders. INPUTS=n: so many of each (1000000); TARGET=x: one target; SEED=x: that one input
// of TARGET, told; FIRST=n: from this one on. LIBFUZZER=1: by libFuzzer's coverage, in place of the own runner, SECONDS=n for each (60).
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cwd = fileURLToPath(new URL("../..", import.meta.url));
const { SEED, INPUTS = "1000000", TARGET, LIBFUZZER, SECONDS = "60" } = process.env;

function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, { cwd, env: { ...process.env, ...env }, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

if (LIBFUZZER) {
  // What cargo-fuzz passes; these options are stable ones, so that the pinned compiler takes them. No sanitizer: there is no unsafe code here.
  const coverage = ["-sanitizer-coverage-level=4", "-sanitizer-coverage-inline-8bit-counters", "-sanitizer-coverage-pc-table", "-sanitizer-coverage-trace-compares"];
  const RUSTFLAGS = ["--cfg fuzzing", "-Cpasses=sancov-module", ...coverage.map((option) => `-Cllvm-args=${option}`)].join(" ");
  const host = /^host: (.+)$/m.exec(spawnSync("rustc", ["-vV"], { cwd, encoding: "utf8" }).stdout)[1];
  const folder = join(cwd, "target/decoders/libfuzzer");
  const manifest = "tests/decoders/libfuzzer/Cargo.toml";
  run("cargo", ["build", "--quiet", "--release", "--locked", "--manifest-path", manifest, "--target", host, "--target-dir", folder], { RUSTFLAGS });
  if (!TARGET) throw new Error("name a TARGET: its samples and what libFuzzer finds are kept by its name");
  const [found, samples, corpus] = ["found", "samples", "corpus"].map((name) => join(folder, name, TARGET));
  for (const path of [found, samples, corpus]) mkdirSync(path, { recursive: true });
  const kept = join(cwd, "tests/decoders/corpus", TARGET);
  if (existsSync(kept)) cpSync(kept, samples, { recursive: true });
  const options = [`-max_total_time=${SECONDS}`, "-timeout=10", "-max_len=16384", `-artifact_prefix=${found}/`, "-print_final_stats=1"];
  run(join(folder, host, "release/decoders-libfuzzer"), [...options, corpus, samples], { SAMPLES: samples });
} else {
  if (SEED && !TARGET) throw new Error("SEED is one input of a TARGET: name it, too");
  run("cargo", ["test", "--quiet", "--profile", "simulate", "--test", "decoders", "--", "--exact", "decoders", "--nocapture"], SEED ? {} : { INPUTS });
}
