// Events from logs: one out of a receipt, and 20,000 from a node's answer to the objects that a caller gets.
import { FetchRequest, Interface, JsonRpcProvider, Contract, AbiCoder, id, zeroPadValue } from "ethers";
import { createPublicClient, decodeEventLog, http, parseAbi } from "viem";
import assert from "node:assert/strict";

import { raced, timed } from "../rows.mjs";

const EVENT = ["event Attempted(address task, address provider, uint256 suggestedPayment)"];
const RPC = "http://logs.invalid/";
const COUNT = 20_000;
const NEXUS = "0x5FbDB2315678afecb367f032d93F642f64180aa3";

const hex = (number, bytes = 32) => `0x${number.toString(16).padStart(bytes * 2, "0")}`;

function makeLogs() {
  const topic = id("Attempted(address,address,uint256)");
  const task = (at) => hex(0xabcdef0000n + BigInt(at), 20);
  return Array.from({ length: COUNT }, (_, at) => ({
    address: NEXUS.toLowerCase(),
    topics: [topic],
    data: AbiCoder.defaultAbiCoder().encode(["address", "address", "uint256"], [task(at), zeroPadValue("0x1234", 20), 10n ** 16n + BigInt(at)]),
    blockNumber: `0x${(1 + (at >> 3)).toString(16)}`,
    blockHash: hex(1000n + BigInt(at >> 3)),
    blockTimestamp: "0x68000000",
    transactionHash: hex(5000n + BigInt(at)),
    transactionIndex: "0x0",
    logIndex: `0x${(at & 7).toString(16)}`,
    removed: false,
  }));
}

/** A node without a network: every contender's request is answered by the same text at once. */
function answering(logs) {
  const answers = {
    eth_blockNumber: '"0xffff"',
    eth_chainId: '"0x7a69"',
    eth_getLogs: JSON.stringify(logs),
  };
  const one = ({ id, method }) => {
    if (!answers[method]) throw new Error(`the benchmark's node has no ${method}`);
    return `{"jsonrpc":"2.0","id":${id},"result":${answers[method]}}`;
  };
  return (body) => {
    const asked = JSON.parse(body);
    return Array.isArray(asked) ? `[${asked.map(one)}]` : one(asked);
  };
}

export async function run({ package: { Ogpu }, network, python }) {
  const logs = makeLogs();
  const reply = answering(logs);
  const ogpu = await Ogpu.readOnly({ network: { ...network, rpcUrl: RPC, contracts: { ...network.contracts, nexus: NEXUS } } });
  const abi = parseAbi(EVENT);
  const face = new Interface(EVENT);

  // One log, out of what each library has in its hands after a transaction.
  const [log] = logs;
  const receipt = {
    hash: log.transactionHash, blockNumber: 1n, blockHash: log.blockHash,
    logs: [{ address: NEXUS, topics: log.topics, data: log.data, logIndex: 0 }],
  };
  const one = {
    ogkit: () => ogpu.decodeEvents(receipt)[0],
    viem: () => decodeEventLog({ abi, topics: log.topics, data: log.data }),
    ethers: () => face.parseLog(log),
  };
  assert.equal(one.ogkit().suggestedPayment, 10n ** 16n);
  assert.equal(one.viem().args.suggestedPayment, 10n ** 16n);
  assert.equal(one.ethers().args.suggestedPayment, 10n ** 16n);
  const theirs = await python?.call("decode", NEXUS, logs[0], 300);
  const rows = [{ ...(await timed("decode 1 log", one, { "ogpu (Python)": theirs?.seconds })), note: "ogkit: decodeEvents of a receipt; viem: decodeEventLog; ethers: parseLog; Python: process_log of web3" }];

  const original = globalThis.fetch;
  const plain = (input) => (typeof input === "string" ? input : input.url);
  globalThis.fetch = async (input, init) => {
    if (plain(input) !== RPC) return original(input, init);
    const body = init?.body ?? (await input.text());
    return new Response(reply(typeof body === "string" ? body : new TextDecoder().decode(body)), { headers: { "content-type": "application/json" } });
  };
  try {
    const client = createPublicClient({ transport: http(RPC, { maxResponseBodySize: false }) });
    const request = new FetchRequest(RPC);
    request.getUrlFunc = async (asked) => ({ statusCode: 200, statusMessage: "OK", headers: { "content-type": "application/json" }, body: new TextEncoder().encode(reply(new TextDecoder().decode(asked.body))) });
    const provider = new JsonRpcProvider(request, 31337, { staticNetwork: true, batchMaxCount: 1, batchStallTime: 0 });
    const contract = new Contract(NEXUS, EVENT, provider);
    const many = {
      ogkit: () => ogpu.getEvents({ events: ["attempted"], fromBlock: 1n, toBlock: 9999n }),
      viem: () => client.getContractEvents({ address: NEXUS, abi, eventName: "Attempted", fromBlock: 1n, toBlock: 9999n }),
      ethers: () => contract.queryFilter("Attempted", 1, 9999),
    };
    for (const [name, call] of Object.entries(many)) {
      const found = await call();
      assert.equal(found.length, COUNT, name);
      const last = found.at(-1);
      assert.equal((last.args ?? last).suggestedPayment, 10n ** 16n + BigInt(COUNT - 1), name);
    }
    const row = await raced("decode 20,000 logs", Object.fromEntries(Object.entries(many).map(([name, call]) => [name, async () => void (await call())])), { runs: 9, warmUps: 2 });
    const all = await python?.call("decode_many", NEXUS, reply('{"id":1,"method":"eth_getLogs"}'), 3);
    if (all) row.figures["ogpu (Python)"] = { median: all.seconds.sort((a, b) => a - b)[1] * 1e3, samples: 3 };
    rows.push({ ...row, note: "from the node's text to objects, without a network: getEvents, getContractEvents, queryFilter; Python: json.loads and process_log" });
    provider.destroy();
  } finally {
    globalThis.fetch = original;
    ogpu.free();
  }
  return rows;
}
