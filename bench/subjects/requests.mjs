// How often each composite call goes to the chain's node, counted at a proxy before it.
import { BLOCKS, contenders, prepare, taskOf } from "../contenders.mjs";
import { respond } from "../crowd.mjs";
import { exact } from "../rows.mjs";
import { networkOf, startDevnet } from "../../tests/devnet/index.mjs";
import { countingProxy } from "../../tests/node/proxy.mjs";

const NOTE = "HTTP requests at the node, and what the wallet was asked to read; the wallet's own signing and sending left out (the Python SDK signs and sends itself, so its are in)";

export async function run(context) {
  // Its chain id is the one the Python SDK knows.
  const devnet = await startDevnet({ provider: false, chainId: 1071, anvilArgs: BLOCKS });
  const proxy = await countingProxy(devnet.rpcUrl);
  const network = { ...networkOf(devnet), rpcUrl: proxy.url };
  const all = await contenders(devnet, network, context.python);
  try {
    const { ogpu, source } = await prepare({ ...context, devnet, network });
    const rows = {};
    const count = async (what, name, call) => {
      const asked = all[name].asked();
      proxy.reset();
      const result = await call();
      const row = (rows[what] ??= { what, unit: "requests", better: "less", figures: {}, sample: "counted", note: NOTE });
      row.figures[name] = exact(proxy.count() + all[name].asked() - asked);
      return result;
    };
    const tasks = {};
    for (const [name, calls] of Object.entries(all)) {
      // Once before, so that nothing is counted that happens only the first time.
      tasks[10] = await calls.publishTask(taskOf(source));
      tasks[100] = await count("requests: publishTask", name, () => calls.publishTask(taskOf(source)));
    }
    ogpu.free();
    await respond(devnet, { source, tasks });
    for (const [name, calls] of Object.entries(all)) {
      await count("requests: task snapshot", name, () => calls.snapshot(tasks[10]));
      for (const size of [10, 100]) {
        const found = await count(`requests: ${size} responses`, name, () => calls.responses(tasks[size]));
        if (found.length !== size) throw new Error(`${name} found ${found.length} responses, not ${size}`);
      }
    }
    return Object.values(rows);
  } finally {
    for (const { close } of Object.values(all)) close?.();
    await proxy.stop();
    await devnet.stop();
  }
}
