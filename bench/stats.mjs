// Times, told honestly: contenders take turns, so that whatever else the machine does meets all of them alike; each sample
// lasts long enough for the clock; the figure is the median, the spread the middle half.

/** @returns {{ median: number, low: number, high: number, samples: number }} `low` and `high` are the quartiles */
export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => {
    const place = (sorted.length - 1) * share;
    const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return below + (above - below) * (place - Math.floor(place));
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75), samples: sorted.length };
}

/**
 * Nanoseconds for one call of each contender.
 * @param {Record<string, () => unknown>} contenders functions; what they answer is awaited when it is a promise
 * @param {{ samples?: number, sampleMs?: number, warmUpMs?: number }} [options]
 */
export async function compare(contenders, { samples = 21, sampleMs = 10, warmUpMs = 300 } = {}) {
  const plans = [];
  for (const [name, call] of Object.entries(contenders)) {
    const isAsync = call() instanceof Promise;
    const batch = async (count) => {
      const start = process.hrtime.bigint();
      if (isAsync) for (let i = 0; i < count; i++) await call();
      else for (let i = 0; i < count; i++) call();
      return Number(process.hrtime.bigint() - start);
    };
    // Warmed up until the compilers of the engine are done with it; then as many calls as fill a sample.
    let count = 1;
    let spent = 0;
    let each = 1;
    while (spent < warmUpMs * 1e6) {
      const took = await batch(count);
      each = Math.max(took / count, 1);
      spent += took;
      if (took < sampleMs * 1e6) count *= 2;
    }
    count = Math.max(1, Math.round((sampleMs * 1e6) / each));
    plans.push({ name, batch, count, times: [] });
  }
  for (let round = 0; round < samples; round++) {
    for (const plan of plans) plan.times.push((await plan.batch(plan.count)) / plan.count);
  }
  return Object.fromEntries(plans.map(({ name, times }) => [name, summary(times)]));
}

/** Milliseconds of whole runs of each contender, in turns. @param {Record<string, () => Promise<number | void>>} contenders */
export async function race(contenders, { runs, warmUps = 1 }) {
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = -warmUps; round < runs; round++) {
    for (const [name, call] of Object.entries(contenders)) {
      const start = performance.now();
      const own = await call();
      if (round >= 0) times[name].push(own ?? performance.now() - start);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, summary(list)]));
}
