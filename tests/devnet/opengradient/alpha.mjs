// The alpha network's contracts: the inference hub, stand-ins for the precompiles behind it, the workflow scheduler, and
// workflows from the real bytecode at their published addresses.
import { readFileSync } from "node:fs";
import { createTestClient, encodeDeployData, http, parseGwei } from "viem";

import { compile } from "../compile.mjs";
import { accounts, clients, inTurn } from "./chain.mjs";

export const HUB = "0x8383C9bD7462F12Eb996DD02F78234C0421A6FaE";
export const PRECOMPILE = "0x00000000000000000000000000000000000000F4";
export const PRICE_FEED = "0x00000000000000000000000000000000000000F5";
export const SCHEDULER = "0x7179724De4e7FF9271FA40C0337c7f90C0508eF6";

/** What a model does, as in the contract. */
const KINDS = ["none", "linear", "echo", "forecast", "offchain", "simulated", "failing", "unsteady", "llm"];

/** The ONNX models by what they do: their CIDs. An unknown one reverts. */
export const MODELS = {
  linear: "QmbUqS93oc4JTLMHwpVxsE39mhNxy6hpf6Py3r9oANr8aZ",
  echo: "QmRhcpDXfYCKsimTmJYrAVM4Bbvck59Zb2onj3MHv9Kw5N",
  forecast: "hJD2Ja3akZFt1A2LT-D_1oxOCz_OtuGYw4V9eE1m39M",
  offchain: "QmXQpupTphRTeXJMEz3BCt9YUF6kikcqExxPdcVoL1BBhy",
  simulated: "QmdpaPKvDv1RkLLRwEGuUWqfXwF9Xdzt9yFGwHxvYJ1QTo",
  failing: "QmY7RMiMdPHtqHGZSyYHbsxhSHDk1FnUUV5PYYsuKhHZAn",
  unsteady: "QmT3ybwGtPAMbSyCfYEVkC6qLQVWyvYVXkR6qv4ptkmJDo",
};
const LANGUAGE_MODELS = [
  "meta-llama/Meta-Llama-3-8B-Instruct", "meta-llama/Llama-3.2-3B-Instruct", "meta-llama/Llama-3.1-70B-Instruct", "mistralai/Mistral-7B-Instruct-v0.3",
  "Qwen/Qwen2.5-72B-Instruct", "SentientAGI/Dobby-Mini-Unhinged-Llama-3.1-8B", "SentientAGI/Dobby-Mini-Leashed-Llama-3.1-8B",
];

/** The published workflows: where they are, what they read, and the tensor with their result. */
export const WORKFLOWS = {
  ethUsdtOneHourVolatility: ["0xD5629A5b95dde11e4B5772B5Ad8a13B933e33845", "ETH", "USDT", 60, "Y"],
  btcOneHourPrice: ["0xb4146E095c2CD2a7aA497EdfB513F1cB868Dcc3D", "BTC", "USD", 60, "regression_output"],
  ethOneHourPrice: ["0x58826c6dc9A608238d9d57a65bDd50EcaE27FE99", "ETH", "USD", 60, "regression_output"],
  solOneHourPrice: ["0xaE12EC7314e91A612CF4Fa4DC07dC02cfCc4dF95", "SOL", "USD", 60, "regression_output"],
  suiOneHourPrice: ["0x90FE6434C46838c96E9ACb8d394C0fdfe38C6182", "SUI", "USD", 60, "regression_output"],
  suiUsdtThirtyMinutePrice: ["0xD85BA71f5701dc4C5BDf9780189Db49C6F3708D2", "SUI", "USDT", 30, "destandardized_prediction"],
  suiUsdtSixHourPrice: ["0x3C2E4DbD653Bd30F1333d456480c1b7aB122e946", "SUI", "USDT", 360, "destandardized_prediction"],
};

const vector = (name) => readFileSync(new URL(`../../vectors/opengradient/${name}`, import.meta.url), "utf8").trim();
const official = (name) => ({ abi: JSON.parse(vector(`${name}.json`)), bytecode: vector(`${name}.bin`) });
/** The workflow contracts as the official SDKs deploy them: the newest (PyPI opengradient 1.1.4), the oldest (0.4.0). */
export const PriceHistoryInference = official("PriceHistoryInference");
export const ModelExecutorHistorical = official("ModelExecutorHistorical");
export const inferenceAbi = JSON.parse(vector("inference.json"));
export const precompileAbi = JSON.parse(vector("InferencePrecompile.json"));
export const schedulerAbi = JSON.parse(vector("WorkflowScheduler.json"));

/**
 * Puts the contracts in place, with the models registered and each published workflow run once.
 * @param {string} rpcUrl @param {number} chainId
 */
export async function deployAlpha(rpcUrl, chainId) {
  // The structs are too much for solc's old code generator.
  const contracts = await compile(new URL("contracts/alpha", import.meta.url), { viaIR: true });
  const { reader, wallet } = clients(rpcUrl, chainId);
  const test = createTestClient({ mode: "anvil", transport: http(rpcUrl, { retryCount: 0 }) });
  const deployer = wallet(accounts.deployer);
  const place = async (address, code) => test.setCode({ address, bytecode: (await reader.call({ data: code })).data });
  const fees = { maxFeePerGas: parseGwei("20"), maxPriorityFeePerGas: parseGwei("1") };
  let nonce = await reader.getTransactionCount({ address: accounts.deployer.address });
  const sent = [];
  /** Does not wait: that comes once, at the end. */
  const send = async (transaction) => sent.push(await deployer.sendTransaction({ gas: 10_000_000n, nonce: nonce++, ...fees, ...transaction }));
  const write = async (address, abi, functionName, args) => sent.push(await deployer.writeContract({ address, abi, functionName, args, gas: 10_000_000n, nonce: nonce++, ...fees }));
  const arrived = async () => {
    for (const hash of sent.splice(0)) {
      const { status } = await reader.waitForTransactionReceipt({ hash });
      if (status !== "success") throw new Error(`transaction ${hash} failed`);
    }
  };

  await place(HUB, contracts.InferenceHub.bytecode);
  await place(PRECOMPILE, contracts.InferencePrecompile.bytecode);
  await place(PRICE_FEED, contracts.PriceFeed.bytecode);
  await place(SCHEDULER, contracts.WorkflowScheduler.bytecode);
  const model = (cid, kind, output = "") => write(PRECOMPILE, contracts.InferencePrecompile.abi, "setModel", [cid, KINDS.indexOf(kind), output]);
  for (const [kind, cid] of Object.entries(MODELS)) await model(cid, kind, "prediction");
  for (const cid of LANGUAGE_MODELS) await model(cid, "llm");

  const { abi, bytecode } = PriceHistoryInference;
  const codes = new Map();
  for (const [name, [address, base, quote, minutes, output]] of Object.entries(WORKFLOWS)) {
    await model(`forecast/${name}`, "forecast", output);
    const query = { base, quote, total_candles: 10, candle_duration_in_mins: minutes, order: 0, candle_types: [3] };
    // The creation code as an account's code, called: its constructor fills this account's storage and returns the code to stay.
    await test.setCode({ address, bytecode: encodeDeployData({ abi, bytecode, args: [`forecast/${name}`, "close", query] }) });
    codes.set(address, (await reader.call({ to: address })).data);
    await send({ to: address });
  }
  await arrived();
  for (const [address, bytecode] of codes) {
    await test.setCode({ address, bytecode });
    await write(address, abi, "run", []);
  }
  await arrived();

  const precompile = { address: PRECOMPILE, abi: contracts.InferencePrecompile.abi };
  const scheduler = { address: SCHEDULER, abi: contracts.WorkflowScheduler.abi };
  /** The keeper's transactions, one after the other. */
  const turn = inTurn();
  return {
    abi: Object.fromEntries(["InferencePrecompile", "PriceFeed", "WorkflowScheduler"].map((name) => [name, contracts[name].abi])),
    /** Registers a model under another CID. @param {string} cid @param {string} kind one of KINDS @param {string} [output] the name of a forecast's tensor */
    async setModel(cid, kind, output = "") {
      if (!KINDS.includes(kind)) throw new Error(`no kind ${kind}; there are ${KINDS.join(", ")}`);
      await turn(async () => {
        const hash = await wallet(accounts.keeper).writeContract({ ...precompile, functionName: "setModel", args: [cid, KINDS.indexOf(kind), output] });
        await reader.waitForTransactionReceipt({ hash });
      });
    },
    /** Runs the scheduled workflows that are due. @returns {Promise<boolean>} whether there was one */
    runDue() {
      const poke = async () => {
        const { timestamp } = await reader.getBlock();
        // A block that is mined now gets the time of this machine, shifted as the chain was told to.
        const pending = await reader.getBlock({ blockTag: "pending" });
        const time = pending.timestamp > timestamp ? pending.timestamp : timestamp;
        if (!(await reader.readContract({ ...scheduler, functionName: "due", args: [time] }))) return false;
        // An estimate would be content with a workflow that fails for want of gas.
        const hash = await wallet(accounts.keeper).writeContract({ ...scheduler, functionName: "runDue", gas: 25_000_000n });
        await reader.waitForTransactionReceipt({ hash });
        return true;
      };
      return turn(poke);
    },
  };
}

/** 2x + 0.5, as the contract computes it. @param {{ value: bigint, decimals: bigint }} number */
export function linear({ value, decimals }) {
  if (decimals === 0n) [value, decimals] = [value * 10n, 1n];
  return { value: 2n * value + 5n * 10n ** (decimals - 1n), decimals };
}

/**
 * What a model answers to an input.
 * @param {keyof typeof MODELS} kind
 * @param {{ numbers: any[], strings: any[] }} input as in the ABI, with bigint values and decimals
 */
export function predict(kind, { numbers, strings }) {
  if (kind === "echo" || kind === "unsteady") return { numbers, strings, jsons: [], is_simulation_result: false };
  return {
    numbers: numbers.map(({ name, values, shape }) => ({ name: `${name}_out`, values: values.map(linear), shape })),
    strings: strings.map(({ name, values }) => ({ name: `${name}_out`, values: values.map((text) => [...text].reverse().join("")) })),
    jsons: [{ name: "summary", value: `{"numbers": ${numbers.length}, "strings": ${strings.length}}` }],
    is_simulation_result: kind === "simulated",
  };
}
