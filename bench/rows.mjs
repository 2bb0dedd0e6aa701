// Rows of the result: one thing measured, with a figure for each contender.
import assert from "node:assert/strict";

import { compare, race, summary } from "./stats.mjs";

/**
 * @typedef {{ median: number, low?: number, high?: number, samples?: number }} Figure
 * @typedef {{ what: string, unit: string, better: "less" | "more", figures: Record<string, Figure>, sample: string, note?: string }} Row
 */

/** A figure that is counted, not timed. */
export const exact = (value) => ({ median: value });

/** What is not measured the same way must at least come to the same: a benchmark of two different things is none. */
export function agree(contenders, ...more) {
  const [[first, call], ...others] = Object.entries(contenders);
  const expected = call();
  for (const [name, other] of others) assert.deepEqual(other(), expected, `${name} and ${first} answer differently`);
  for (const value of more) if (value !== undefined) assert.deepEqual(value, expected, `a peer and ${first} answer differently`);
}

const UNITS = [["s", 1e9], ["ms", 1e6], ["µs", 1e3], ["ns", 1]];

/** Figures in nanoseconds → in the unit that suits the smallest. */
function scaled(figures) {
  const smallest = Math.min(...Object.values(figures).map(({ median }) => median));
  const [unit, size] = UNITS.find(([, size]) => smallest >= size) ?? UNITS[3];
  const scale = ({ samples, ...values }) => ({ ...Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value / size])), samples });
  return { unit, figures: Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, scale(figure)])) };
}

/**
 * Times for one call. `seconds` are the samples of peers that time themselves, for they are other processes.
 * @returns {Promise<Row>}
 */
export async function timed(what, contenders, seconds = {}, options = {}) {
  const figures = await compare(contenders, options);
  for (const [name, samples] of Object.entries(seconds)) if (samples) figures[name] = summary(samples.map((value) => value * 1e9));
  const { samples = 21, sampleMs = 10 } = options;
  return { what, better: "less", ...scaled(figures), sample: `median of ${samples} samples of ${sampleMs} ms or one call, in turns` };
}

/** Milliseconds for whole runs. @returns {Promise<Row>} */
export async function raced(what, contenders, options) {
  return { what, unit: "ms", better: "less", figures: await race(contenders, options), sample: `median of ${options.runs} runs, in turns, after ${options.warmUps ?? 1}` };
}
