// Memory that comes back: what cases leave behind is collected, and then there is no more of it than after earlier rounds.

/** Cases of a round. */
const ROUND = 100;
/** Rounds until caches are full, code is compiled and the WebAssembly has seen its largest arguments. */
const WARM = 5;
/** Rounds of a window, and bytes that may be in use more at its end than at its beginning: compiled code takes half of it. */
const WINDOW = 10;
const ROOM = { heap: 1 << 20, wasm: 2 << 20 };
/** A round may end while something is still on its way: the least of so many counts. */
const LEAST_OF = 3;

const memories = new Set();
/** Notes the memory of each WebAssembly that is started from now on. */
export function watchMemories() {
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const real = WebAssembly[name];
    WebAssembly[name] = async (...args) => {
      const made = await real.apply(WebAssembly, args);
      const { memory } = (made.instance ?? made).exports;
      if (memory instanceof WebAssembly.Memory) memories.add(memory);
      return made;
    };
  }
}

/** What is in use, in bytes: by JavaScript as the host says, and by the modules. */
const measure = (heap) => ({ heap: heap(), wasm: [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0), modules: memories.size });

/**
 * Counts cases, and looks after each round.
 * @param {{ heap(): number, collect(): unknown, later: typeof setTimeout }} host @param {import("./judge.mjs").Judge} judge
 */
export function rounds({ heap, collect, later }, judge, say) {
  let cases = 0;
  let seen = [];
  const pause = () => new Promise((resolve) => later(resolve, 20));
  return async () => {
    cases += 1;
    if (cases % ROUND !== 0) return;
    // What is finalised frees what it held, which the next collection takes.
    for (let turn = 0; turn < 4; turn++) {
      await collect();
      await pause();
    }
    const now = measure(heap);
    say({ memory: now, round: cases / ROUND });
    // One more module is no leak.
    if (now.modules !== seen.at(-1)?.modules) seen = [];
    seen.push(now);
    if (seen.length < WARM + WINDOW) return;
    for (const kind of ["heap", "wasm"]) {
      const least = (rounds) => Math.min(...rounds.map((round) => round[kind]));
      const [before, after] = [least(seen.slice(WARM).slice(0, LEAST_OF)), least(seen.slice(-LEAST_OF))];
      if (after - before <= ROOM[kind]) continue;
      judge.found("memory", new Error(`${kind}: ${((after - before) / 2 ** 20).toFixed(1)} MiB more after ${WINDOW * ROUND} cases, of ${(before / 2 ** 20).toFixed(1)} MiB`));
    }
    // The next window begins with the end of this one.
    seen = seen.slice(-WARM - LEAST_OF);
  };
}
