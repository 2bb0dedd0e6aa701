// A strict EIP-1193 wallet around a development key: accounts, chains, signing and events as MetaMask has them. It is
// a real wallet (viem signs); only its window is the caller's function.
import { createWalletClient, defineChain, encodeFunctionData, http, numberToHex, parseAbi } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const TRANSACTION_KEYS = new Set([
  "accessList", "authorizationList", "chainId", "data", "from", "gas", "gasLimit", "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas",
  "nonce", "to", "type", "value",
]);

const BATCH = parseAbi(["struct Call { address to; uint256 value; bytes data; }", "function run(Call[] calls) payable"]);

const fault = (code, message, data) => Object.assign(new Error(message), { code, ...(data === undefined ? {} : { data }) });

/**
 * @typedef {{ method: string, params: any, summary: Record<string, unknown> }} Ask
 * @param {{
 *   privateKey: `0x${string}`,
 *   chains: Record<number, string>,
 *   chainId: number,
 *   approve?: (ask: Ask) => boolean | Promise<boolean>,
 *   ignoreNonce?: boolean,
 *   batches?: { delegate: `0x${string}`, refuse?: number },
 * }} options `chains`: the RPC of each chain that the wallet knows; `chainId`: where it is; `approve`: its window;
 *   `batches`: it has EIP-5792, by an upgrade (EIP-7702) of the account to `delegate`, or refuses with this code after all
 */
export function createWallet({ privateKey, chains, chainId, approve = () => true, ignoreNonce = false, batches }) {
  const account = privateKeyToAccount(privateKey);
  const known = new Map(Object.entries(chains).map(([id, url]) => [Number(id), url]));
  const listeners = new Map();
  const requests = [];
  let connected = false;
  let current = chainId;

  const emit = (event, value) => {
    for (const listener of listeners.get(event) ?? []) listener(value);
  };
  const ask = async (method, params, summary) => {
    if (!(await approve({ method, params, summary }))) throw fault(4001, "User rejected the request.");
  };
  const node = async (method, params) => {
    const response = await fetch(known.get(current), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const { result, error } = await response.json();
    if (error) throw fault(error.code, error.message, error.data);
    return result;
  };
  const signer = () =>
    createWalletClient({
      account,
      chain: defineChain({ id: current, name: "chain", nativeCurrency: { name: "", symbol: "", decimals: 18 }, rpcUrls: { default: { http: [known.get(current)] } } }),
      transport: http(known.get(current), { retryCount: 0 }),
    });
  const own = (address) => {
    if (!connected || String(address).toLowerCase() !== account.address.toLowerCase()) throw fault(4100, "The account is not permitted.");
  };
  const switchTo = (id) => {
    if (id === current) return;
    current = id;
    emit("chainChanged", numberToHex(id));
  };

  const sent = new Map();
  const BATCH_KEYS = new Set(["version", "from", "chainId", "atomicRequired", "calls", "id", "capabilities"]);
  const batchMethods = {
    wallet_getCapabilities([address, ids]) {
      own(address);
      const all = { [numberToHex(current)]: { atomic: { status: "ready" } } };
      return ids ? Object.fromEntries(Object.entries(all).filter(([id]) => ids.includes(id))) : all;
    },
    async wallet_sendCalls([asked]) {
      if (Object.keys(asked).some((key) => !BATCH_KEYS.has(key)) || asked.version !== "2.0.0" || !Array.isArray(asked.calls)) throw fault(-32602, "Invalid params");
      if (asked.calls.some((call) => Object.keys(call).some((key) => !["to", "value", "data", "capabilities"].includes(key)))) throw fault(-32602, "Invalid params");
      own(asked.from ?? account.address);
      if (Number(asked.chainId) !== current) throw fault(5710, "The chain is not supported.");
      if (asked.calls.length > 10) throw fault(5740, "Too many calls.");
      if (sent.has(asked.id)) throw fault(5720, "Duplicate id.");
      if (batches.refuse) throw fault(batches.refuse, "The account cannot be upgraded.");
      await ask("wallet_sendCalls", [asked], { calls: asked.calls.length });
      const wallet = signer();
      const calls = asked.calls.map(({ to, value, data }) => ({ to, value: BigInt(value ?? 0), data: data ?? "0x" }));
      const authorization = await wallet.signAuthorization({ account, contractAddress: batches.delegate, executor: "self" });
      const data = encodeFunctionData({ abi: BATCH, functionName: "run", args: [calls] });
      const hash = await wallet.sendTransaction({ to: account.address, data, authorizationList: [authorization], value: 0n, gas: 5_000_000n });
      const id = asked.id ?? `0x${crypto.randomUUID().replaceAll("-", "")}`;
      sent.set(id, hash);
      return { id };
    },
    async wallet_getCallsStatus([id]) {
      if (!sent.has(id)) throw fault(5730, "Unknown batch.");
      const receipt = await node("eth_getTransactionReceipt", [sent.get(id)]);
      const rest = { version: "2.0.0", id, chainId: numberToHex(current), atomic: true };
      if (!receipt) return { ...rest, status: 100 };
      const { logs, status, blockHash, blockNumber, gasUsed, transactionHash } = receipt;
      return { ...rest, status: Number(status) ? 200 : 500, receipts: [{ logs, status, blockHash, blockNumber, gasUsed, transactionHash }] };
    },
  };
  const methods = {
    ...(batches ? batchMethods : {}),
    eth_accounts: () => (connected ? [account.address.toLowerCase()] : []),
    async eth_requestAccounts() {
      if (!connected) {
        await ask("eth_requestAccounts", [], { account: account.address });
        connected = true;
        emit("accountsChanged", [account.address.toLowerCase()]);
      }
      return [account.address.toLowerCase()];
    },
    eth_chainId: () => numberToHex(current),
    async wallet_switchEthereumChain([target, ...rest]) {
      if (rest.length || !/^0x[1-9a-f][0-9a-f]*$/i.test(target?.chainId) || Object.keys(target).length !== 1) throw fault(-32602, "Invalid params");
      const id = Number(target.chainId);
      if (id === current) return null;
      if (!known.has(id)) throw fault(4902, "Unrecognized chain ID.");
      await ask("wallet_switchEthereumChain", [target], { chainId: id });
      switchTo(id);
      return null;
    },
    async wallet_addEthereumChain([{ chainId: hex, chainName, rpcUrls, nativeCurrency, blockExplorerUrls, ...rest }]) {
      const url = rpcUrls?.find((candidate) => /^(https:|http:\/\/(localhost|127\.0\.0\.1)[:/])/.test(candidate));
      if (Object.keys(rest).length || !chainName || !url || nativeCurrency?.decimals !== 18) throw fault(-32602, "Invalid params");
      if (!/^.{2,6}$/.test(nativeCurrency.symbol) || (blockExplorerUrls && !blockExplorerUrls.length)) throw fault(-32602, "Invalid params");
      await ask("wallet_addEthereumChain", [], { chainId: Number(hex), chainName, rpcUrl: url });
      known.set(Number(hex), url);
      return null;
    },
    async eth_sendTransaction([transaction]) {
      const stray = Object.keys(transaction).find((key) => !TRANSACTION_KEYS.has(key));
      if (stray) throw fault(-32602, `Invalid params: unknown key ${stray}`);
      own(transaction.from);
      if (transaction.chainId !== undefined && Number(transaction.chainId) !== current) throw fault(-32602, "The chainId does not match the active chain.");
      const { to, data, value } = transaction;
      await ask("eth_sendTransaction", [transaction], { to, value: BigInt(value ?? 0), bytes: ((data?.length ?? 2) - 2) / 2 });
      const big = (quantity) => (quantity === undefined ? undefined : BigInt(quantity));
      try {
        return await signer().sendTransaction({
          to, data, value: big(value), gas: big(transaction.gas), gasPrice: big(transaction.gasPrice),
          ...(ignoreNonce || transaction.nonce === undefined ? {} : { nonce: Number(transaction.nonce) }),
        });
      } catch (error) {
        throw fault(-32000, error.details ?? error.shortMessage ?? error.message);
      }
    },
    async personal_sign([message, address]) {
      own(address);
      await ask("personal_sign", [message], { message });
      return account.signMessage({ message: { raw: message } });
    },
    async eth_signTypedData_v4([address, text]) {
      own(address);
      const { types, domain, primaryType, message } = typeof text === "string" ? JSON.parse(text) : text;
      if (domain.chainId !== undefined && Number(domain.chainId) !== current) throw fault(-32603, "Provided chainId must match the active chainId");
      await ask("eth_signTypedData_v4", [text], { primaryType });
      return account.signTypedData({ types, domain, primaryType, message });
    },
  };

  return {
    /** Every request so far: method and parameters. */
    requests,
    address: account.address,
    async request({ method, params = [] }) {
      requests.push({ method, params });
      if (methods[method]) return methods[method](params);
      if (/^eth_(call|estimateGas|get|block|gasPrice|feeHistory|maxPriority)/.test(method)) return node(method, params);
      throw fault(4200, `The method ${method} is not supported.`);
    },
    on(event, listener) {
      listeners.set(event, [...(listeners.get(event) ?? []), listener]);
    },
    removeListener(event, listener) {
      listeners.set(event, (listeners.get(event) ?? []).filter((other) => other !== listener));
    },
    /** What its user does in its own window. */
    user: {
      switchTo,
      /** Was connected before, as over a reload. */
      connect: () => void (connected = true),
      lock() {
        connected = false;
        emit("accountsChanged", []);
      },
    },
  };
}
