// The main job on the devnet: publish a task, wait for its response, confirm it, which pays.
import { BLOCKS, contenders, prepare, taskOf } from "../contenders.mjs";
import { race, summary } from "../stats.mjs";
import { networkOf, startDevnet } from "../../tests/devnet/index.mjs";

const POLL_MS = 50;

export async function run(context) {
  // Its chain id is the one the Python SDK knows.
  const devnet = await startDevnet({ chainId: 1071, anvilArgs: BLOCKS });
  const network = networkOf(devnet);
  let settled = true;
  const all = await contenders(devnet, network, context.python, { settled: () => settled });
  try {
    const { ogpu, source } = await prepare({ ...context, devnet, network });
    ogpu.free();
    const own = {};
    const job = (name, calls) => async () => {
      const start = performance.now();
      const task = await calls.publishTask(taskOf(source));
      const published = performance.now();
      let found = [];
      while (!found.length) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        found = await calls.responses(task);
      }
      const answered = performance.now();
      await calls.confirm(found[0]);
      const end = performance.now();
      // The provider's work is nobody's merit.
      (own[name] ??= []).push(published - start + (end - answered));
      return end - start;
    };
    const jobs = Object.fromEntries(Object.entries(all).map(([name, calls]) => [name, job(name, calls)]));
    const rows = async (blocks, runs, warmUps) => {
      for (const name of Object.keys(jobs)) own[name] = [];
      const whole = await race(jobs, { runs, warmUps });
      const row = { unit: "ms", better: "less", sample: `median of ${runs} runs, in turns${warmUps ? `, after ${warmUps}` : ""}` };
      const alone = Object.fromEntries(Object.entries(own).map(([name, times]) => [name, summary(times.slice(warmUps))]));
      return [
        { ...row, what: `publish to confirmed, ${blocks}`, figures: whole, note: `the libraries' own settings; the provider's work and a look for its response every ${POLL_MS} ms are in` },
        { ...row, what: `publish and confirm alone, ${blocks}`, figures: alone, note: "without the wait for the provider" },
      ];
    };
    const atOnce = await rows("mined at once", 7, 1);
    await fetch(devnet.rpcUrl, {
      method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "evm_setIntervalMining", params: [1] }),
    });
    settled = false;
    return [...atOnce, ...(await rows("a block each second", 3, 0))];
  } finally {
    for (const { close } of Object.values(all)) close?.();
    await devnet.stop();
  }
}
