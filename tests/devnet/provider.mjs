// A provider: registers for every new source, attempts its tasks, runs a real function and submits the answer's URL.
import Sentiment from "sentiment";

import { accounts, clients } from "./chain.mjs";

const sentiment = new Sentiment();

/** What this provider can run: the text in `data.text` or `data.inputs`, and what people feel in it. */
export function run({ function_name: name, data }) {
  const known = ["predict", "sentiment", "analyze_sentiment", "inference"];
  if (!known.includes(name)) return { error: `unknown function ${name}`, known };
  const text = data?.text ?? data?.inputs;
  if (typeof text !== "string") return { error: "expected a text in data.text or data.inputs" };
  const { score, comparative, positive, negative } = sentiment.analyze(text);
  return { result: score > 0 ? "positive" : score < 0 ? "negative" : "neutral", score, comparative, positive, negative };
}

/**
 * @param {{ rpcUrl: string, chainId: number, at: Record<string, string>, abi: Record<string, any[]>, pinUrl: string, log?: (text: string) => void }} options
 * @returns {{ stop(): Promise<void> }}
 */
export function startProvider({ rpcUrl, chainId, at, abi, pinUrl, log = () => {} }) {
  const { reader, wallet } = clients(rpcUrl, chainId);
  const account = accounts.provider;
  const signer = wallet(account);
  // One transaction after another: this account's nonces are its own.
  let queue = Promise.resolve();
  const jobs = new Set();
  let stopped = false;

  const send = (functionName, args) => {
    const sent = queue.then(async () => {
      const hash = await signer.writeContract({ address: at.Nexus, abi: abi.Nexus, functionName, args });
      return reader.waitForTransactionReceipt({ hash });
    });
    queue = sent.catch(() => {});
    return sent;
  };
  // A source's task may come while the source's own event is still being worked on: one registration serves both.
  const registrations = new Map();
  const register = (source) => {
    if (!registrations.has(source)) registrations.set(source, registerOnce(source));
    return registrations.get(source);
  };
  const registerOnce = async (source) => {
    const done = await reader.readContract({ address: source, abi: abi.Source, functionName: "isRegistered", args: [account.address] });
    if (!done) await send("register", [source, account.address, 1]);
  };

  const work = async (task, source) => {
    const read = (functionName, args = []) => reader.readContract({ address: task, abi: abi.Task, functionName, args });
    await register(source);
    const [, config, , payment] = await read("taskParams");
    await send("attempt", [task, account.address, payment]);
    log(`attempted ${task}`);
    let answer;
    try {
      const document = await fetch(config);
      answer = document.ok ? run(await document.json()) : { error: `the config answered with ${document.status}` };
    } catch (error) {
      answer = { error: `the config could not be read: ${error.message}` };
    }
    const form = new FormData();
    form.set("file", new Blob([JSON.stringify(answer)], { type: "application/json" }), "response.json");
    const { link } = await (await fetch(pinUrl, { method: "POST", body: form })).json();
    await send("submitResponse", [{ task, provider: account.address, data: link, payment }]);
    log(`answered ${task}`);
  };

  const start = (job) => {
    // Events of a poll that was under way at the end come after it.
    if (stopped) return;
    const running = job().catch((error) => stopped || log(`failed: ${error.shortMessage ?? error.message}`));
    jobs.add(running);
    running.finally(() => jobs.delete(running));
  };
  const unwatch = reader.watchContractEvent({
    address: at.Nexus,
    abi: abi.Nexus,
    onLogs(logs) {
      for (const { eventName, args } of logs) {
        if (eventName === "SourcePublished") start(() => register(args.source));
        if (eventName === "TaskPublished") start(() => work(args.task, args.source));
      }
    },
    onError: (error) => stopped || log(`watching failed: ${error.message}`),
  });
  return {
    async stop() {
      stopped = true;
      unwatch();
      await Promise.allSettled(jobs);
    },
  };
}
