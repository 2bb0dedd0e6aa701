// The main job on the devnet: publish a task, wait for its response, confirm it, which pays.
import { contenders, prepare, taskOf } from "../contenders.mjs";
import { raced } from "../rows.mjs";
import { networkOf, startDevnet } from "../../tests/devnet/index.mjs";

const POLL_MS = 50;

export async function run(context) {
  // Its chain id is the one the Python SDK knows.
  const devnet = await startDevnet({ chainId: 1071 });
  const network = networkOf(devnet);
  const all = await contenders(devnet, network, context.python);
  try {
    const { ogpu, source } = await prepare({ ...context, devnet, network });
    ogpu.free();
    const job = (calls) => async () => {
      const start = performance.now();
      const task = await calls.publishTask(taskOf(source));
      const published = performance.now();
      let found = [];
      while (!found.length) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        found = await calls.responses(task);
      }
      // The provider's work is nobody's merit.
      const answered = performance.now();
      await calls.confirm(found[0]);
      const own = published - start + (performance.now() - answered);
      return { whole: performance.now() - start, own };
    };
    const whole = {};
    const own = Object.fromEntries(Object.keys(all).map((name) => [name, []]));
    for (const [name, calls] of Object.entries(all)) {
      const once = job(calls);
      whole[name] = async () => {
        const times = await once();
        own[name].push(times.own);
        return times.whole;
      };
    }
    const options = { runs: 7, warmUps: 1 };
    const row = await raced("devnet: publish to confirmed", whole, options);
    const { summary } = await import("../stats.mjs");
    return [
      { ...row, note: `the library's own settings; the provider's work and a look for its response every ${POLL_MS} ms are in` },
      { ...row, what: "devnet: publish and confirm alone", figures: Object.fromEntries(Object.entries(own).map(([name, times]) => [name, summary(times.slice(options.warmUps))])), note: "without the wait for the provider" },
    ];
  } finally {
    for (const { close } of Object.values(all)) close?.();
    await devnet.stop();
  }
}
