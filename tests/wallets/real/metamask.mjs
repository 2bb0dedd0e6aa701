// MetaMask out of its published controllers (versions in package.json), composed as the extension composes them: a background with
// keys, networks, transactions, signatures and approvals, and for each page its inpage provider over a stream. What the extension does
// not publish (permissions, switching and adding chains, preferences) is written here after its source; the popup is the test's.
import { Duplex } from "node:stream";

import * as passworder from "@metamask/browser-passworder";
import { getCallsStatus, getCapabilities, processSendCalls, walletGetCallsStatus, walletGetCapabilities, walletSendCalls } from "@metamask/eip-5792-middleware";
import { createWalletMiddleware } from "@metamask/eth-json-rpc-middleware";
import { JsonRpcEngine, createAsyncMiddleware, createScaffoldMiddleware } from "@metamask/json-rpc-engine";
import { createEngineStream } from "@metamask/json-rpc-middleware-stream";
import { AccountImportStrategy, KeyringController, KeyringTypes } from "@metamask/keyring-controller";
import { Messenger } from "@metamask/messenger";
import { NetworkController } from "@metamask/network-controller";
import { MetaMaskInpageProvider } from "@metamask/providers";
import { JsonRpcError, rpcErrors } from "@metamask/rpc-errors";
import { SignatureController } from "@metamask/signature-controller";
import { TransactionController } from "@metamask/transaction-controller";
import { TransactionController as TransactionController69 } from "@metamask/transaction-controller-69";
import { numberToHex } from "viem";

import { createPopup } from "./metamask-popup.mjs";
import { LIST_KEY, upgradesTo } from "./metamask-upgrades.mjs";

/**
 * What a page hears of a node's error depends on the version: 61 passes on "Internal JSON-RPC error." alone, 69 the node's words behind
 * "RPC 0x7a69 Custom eth_sendRawTransaction: ". Of 69's dependencies those of which it needs only types are left out (`overrides` in package.json).
 */
const VERSIONS = { 61: TransactionController, 69: TransactionController69 };
const ORIGIN = "https://dapp.example";
const silent = { log() {}, warn() {}, error() {}, debug() {}, info() {}, trace() {} };
/** The vault's key, derived in no time: the password is "password". */
const QUICK = { algorithm: "PBKDF2", params: { iterations: 1 } };
const encryptor = {
  ...passworder,
  encrypt: (password, data) => passworder.encrypt(password, data, undefined, undefined, QUICK),
  encryptWithDetail: (password, data, salt) => passworder.encryptWithDetail(password, data, salt, QUICK),
};
/**
 * @param {{
 *   chains: Record<number, string>, chainId: number, privateKeys: `0x${string}`[],
 *   user?: (window: import("./metamask-popup.mjs").Window) => void, delegate?: `0x${string}`, noUpgrades?: boolean, state?: object,
 *   lateSwitch?: number, version?: keyof typeof VERSIONS,
 * }} options `chains`: its endpoint for each chain; `user`: what its user does with each window, at once or later (default: approves);
 *   `delegate`: the contract to which it upgrades accounts (EIP-7702); `noUpgrades`: its user has turned that off; `lateSwitch`:
 *   milliseconds by which a switch follows its answer, as on phones
 */
export async function startMetaMask({ chains, chainId, privateKeys, user = (window) => window.approve(), delegate, noUpgrades = false, state, lateSwitch, version = 69 }) {
  const root = new Messenger({ namespace: "Root" });
  const messenger = (namespace, actions = [], events = []) => {
    const made = new Messenger({ namespace, parent: root });
    root.delegate({ messenger: made, actions, events });
    return made;
  };
  const answers = (namespace, name, handler) => messenger(namespace).registerActionHandler(`${namespace}:${name}`, handler);

  const { approvals, windows, window } = createPopup({ root, messenger: messenger("ApprovalController"), user, transaction: (id) => transactions.state.transactions.find((one) => one.id === id) });

  const keyringsMessenger = messenger("KeyringController");
  const keyrings = new KeyringController({ messenger: keyringsMessenger, encryptor });
  // Version 69 wants the signed transaction's data; these keyrings give ethereumjs's object of it.
  keyringsMessenger.registerActionHandler("KeyringController:signTransaction", async (...args) => (await keyrings.signTransaction(...args)).toJSON());
  await keyrings.createNewVaultAndKeychain("password");
  const accounts = [];
  for (const key of privateKeys) accounts.push(await keyrings.importAccountWithStrategy(AccountImportStrategy.privateKey, [key]));

  const client = (id) => `client-${id}`;
  const networksMessenger = messenger("NetworkController", ["ErrorReportingService:captureException"]);
  const networks = new NetworkController({
    messenger: networksMessenger,
    infuraProjectId: "none",
    log: silent,
    getRpcServiceOptions: () => ({ fetch: globalThis.fetch.bind(globalThis), btoa: globalThis.btoa }),
    getBlockTrackerOptions: () => ({ pollingInterval: 200, retryTimeout: 200, keepEventLoopActive: false }),
    state: {
      selectedNetworkClientId: client(chainId),
      networksMetadata: {},
      networkConfigurationsByChainId: Object.fromEntries(Object.entries(chains).map(([id, url]) => [numberToHex(Number(id)), {
        chainId: numberToHex(Number(id)), name: `Chain ${id}`, nativeCurrency: "ETH", blockExplorerUrls: [], defaultRpcEndpointIndex: 0,
        rpcEndpoints: [{ networkClientId: client(id), type: "custom", url }],
      }])),
    },
  });
  networksMessenger.registerActionHandler("NetworkController:getNetworkClientRegistry", () => networks.getNetworkClientRegistry());
  await networks.initializeProvider();
  const current = () => networks.getSelectedChainId();

  const keyOf = (address) => ({ id: address, address, type: "eip155:eoa", methods: [], options: {}, scopes: ["eip155:0"], metadata: { name: "", importTime: 0, keyring: { type: KeyringTypes.simple } } });
  const internal = { selectedAccount: accounts[0], accounts: Object.fromEntries(accounts.map((address) => [address, keyOf(address)])) };
  const accountsMessenger = messenger("AccountsController");
  accountsMessenger.registerActionHandler("AccountsController:getState", () => ({ internalAccounts: internal }));
  accountsMessenger.registerActionHandler("AccountsController:getSelectedAccount", () => keyOf(accounts[0]));
  answers("PreferencesController", "getState", () => ({ useTransactionSimulations: false }));
  // Without MetaMask's gas service it asks the node for eth_gasPrice.
  answers("GasFeeController", "fetchGasFeeEstimates", async () => ({}));
  answers("LoggingController", "add", () => {});
  const upgrades = await upgradesTo(delegate, chainId);
  answers("RemoteFeatureFlagController", "getState", () => ({
    remoteFeatureFlags: { confirmations_eip_7702: upgrades, confirmations_transactions: { acceleratedPolling: { defaultCountMax: 100, defaultIntervalMs: 100 } } },
  }));

  let permitted = false;
  const transactions = new VERSIONS[version]({
    messenger: messenger("TransactionController", [
      "AccountsController:getSelectedAccount", "AccountsController:getState", "ApprovalController:addRequest", "GasFeeController:fetchGasFeeEstimates",
      "KeyringController:getState", "KeyringController:signEip7702Authorization", "KeyringController:signTransaction",
      "NetworkController:findNetworkClientIdByChainId", "NetworkController:getEIP1559Compatibility", "NetworkController:getNetworkClientById",
      "NetworkController:getNetworkClientRegistry", "NetworkController:getState", "RemoteFeatureFlagController:getState",
    ], ["NetworkController:stateChange"]),
    state,
    // The next six are of version 61; 69 asks its messenger.
    getGasFeeEstimates: async () => ({}),
    getNetworkState: () => networks.state,
    getNetworkClientRegistry: () => networks.getNetworkClientRegistry(),
    getCurrentNetworkEIP1559Compatibility: () => networks.getEIP1559Compatibility(),
    getPermittedAccounts: async () => (permitted ? accounts : []),
    sign: (transaction, from) => keyrings.signTransaction(transaction, from),
    isSimulationEnabled: () => false,
    isFirstTimeInteractionEnabled: () => false,
    incomingTransactions: { isEnabled: () => false },
    // The popup shows its estimates before it can be answered. Without them the poller of gas fees throws when it finds its transaction gone.
    hooks: { afterAdd: async () => ({ updateTransaction: (transaction) => void (transaction.gasFeeEstimatesLoaded = true) }) },
    publicKeyEIP7702: LIST_KEY,
    disableHistory: true, disableSendFlowHistory: true, disableSwaps: true,
  });
  const signatures = new SignatureController({
    messenger: messenger("SignatureController", [
      "AccountsController:getState", "ApprovalController:addRequest", "KeyringController:signPersonalMessage", "KeyringController:signTypedMessage",
      "LoggingController:add", "NetworkController:getNetworkClientById",
    ]),
  });
  const batches = messenger("EIP5792", [
    "AccountsController:getSelectedAccount", "AccountsController:getState", "NetworkController:getNetworkClientById", "NetworkController:getState",
    "PreferencesController:getState", "TransactionController:getState",
  ]);

  const ask = (type, requestData) => approvals.addAndShowApprovalRequest({ origin: ORIGIN, type, requestData });
  const shownAccounts = () => (permitted ? accounts : []);
  const pages = new Set();
  const notify = (method, params) => {
    for (const page of pages) page.engine.emit("notification", { jsonrpc: "2.0", method, params });
  };
  const networkState = () => ({ chainId: current(), networkVersion: String(Number(current())), isConnected: true });
  const switchTo = async (id) => {
    await networks.setActiveNetwork(networks.findNetworkClientIdByChainId(numberToHex(Number(id))));
    notify("metamask_chainChanged", networkState());
  };
  const timers = new Set();
  const switched = async (id) => {
    if (lateSwitch) timers.add(setTimeout(() => void switchTo(id), lateSwitch));
    else await switchTo(id);
    return null;
  };

  const send = async (params, { networkClientId, origin }) => {
    const { result } = await transactions.addTransaction(params, { networkClientId, origin, requireApproval: true });
    return result;
  };
  /** After app/scripts/lib/rpc-method-middleware of the extension. */
  const own = {
    metamask_getProviderState: async () => ({ isUnlocked: true, accounts: shownAccounts(), extensionId: "none", ...networkState() }),
    async eth_requestAccounts() {
      if (!permitted) {
        await ask("wallet_requestPermissions", { eth_accounts: {} });
        permitted = true;
        notify("metamask_accountsChanged", accounts);
      }
      return accounts;
    },
    async wallet_switchEthereumChain({ params }) {
      const [{ chainId: id }] = params;
      if (id === current()) return null;
      if (!networks.getNetworkConfigurationByChainId(id)) {
        throw new JsonRpcError(4902, `Unrecognized chain ID "${id}". Try adding the chain using wallet_addEthereumChain first.`);
      }
      await ask("wallet_switchEthereumChain", { chainId: id });
      return switched(id);
    },
    async wallet_addEthereumChain({ params }) {
      const [{ chainId: id, chainName, rpcUrls, nativeCurrency }] = params;
      if (!networks.getNetworkConfigurationByChainId(id)) {
        await ask("wallet_addEthereumChain", { chainId: id, chainName, rpcUrl: rpcUrls[0] });
        networks.addNetwork({ chainId: id, name: chainName, nativeCurrency: nativeCurrency.symbol, blockExplorerUrls: [], defaultRpcEndpointIndex: 0, rpcEndpoints: [{ type: "custom", url: rpcUrls[0] }] });
      }
      await ask("wallet_switchEthereumChain", { chainId: id });
      return switched(id);
    },
  };
  const supportsAuxiliaryFunds = () => false;
  const isAtomicBatchSupported = (request) => transactions.isAtomicBatchSupported(request);
  const batchHooks = {
    getAccounts: async () => shownAccounts(),
    processSendCalls: (calls, request) => processSendCalls({
      addTransaction: (...args) => transactions.addTransaction(...args), addTransactionBatch: (...args) => transactions.addTransactionBatch(...args),
      getDismissSmartAccountSuggestionEnabled: () => noUpgrades, isAtomicBatchSupported, validateSecurity: async () => {}, isAuxiliaryFundsSupported: supportsAuxiliaryFunds,
    }, batches, calls, request),
    getCallsStatus: async (id) => getCallsStatus(batches, id),
    getCapabilities: (address, ids) => getCapabilities({
      getDismissSmartAccountSuggestionEnabled: () => noUpgrades, getIsSmartTransaction: () => false, isAtomicBatchSupported,
      isRelaySupported: async () => false, getSendBundleSupportedChains: async () => ({}), isAuxiliaryFundsSupported: supportsAuxiliaryFunds,
    }, batches, address, ids),
  };
  const typed = (version) => (message, request) => signatures.newUnsignedTypedMessage(message, { ...request, origin: ORIGIN }, version, { parseJsonData: false });

  /** A page of the dApp: its provider, and what it asked. */
  const open = () => {
    const requests = [];
    const engine = new JsonRpcEngine();
    engine.push((request, _response, next) => {
      Object.assign(request, { origin: ORIGIN, networkClientId: networks.state.selectedNetworkClientId });
      requests.push({ method: request.method, params: request.params });
      next();
    });
    engine.push(createScaffoldMiddleware(Object.fromEntries(Object.entries(own).map(([method, run]) => [method, createAsyncMiddleware(async (request, response) => {
      response.result = await run(request);
    })]))));
    engine.push(createScaffoldMiddleware({
      wallet_sendCalls: createAsyncMiddleware((request, response) => walletSendCalls(request, response, batchHooks)),
      wallet_getCallsStatus: createAsyncMiddleware((request, response) => walletGetCallsStatus(request, response, batchHooks)),
      wallet_getCapabilities: createAsyncMiddleware((request, response) => walletGetCapabilities(request, response, batchHooks)),
    }));
    engine.push(createWalletMiddleware({
      getAccounts: async () => shownAccounts(),
      processTransaction: send,
      processTypedMessageV4: typed("V4"),
      processPersonalMessage: (message, request) => signatures.newUnsignedPersonalMessage(message, { ...request, origin: ORIGIN }),
    }));
    // The extension answers what is not on its list of methods with this.
    engine.push(createAsyncMiddleware(async (request, response) => {
      if (!/^(eth|net|web3)_/.test(request.method)) throw rpcErrors.methodNotFound({ message: `The method "${request.method}" does not exist / is not available.`, data: { origin: ORIGIN } });
      response.result = await networks.getProviderAndBlockTracker().provider.request(request);
    }));
    const background = createEngineStream({ engine });
    const page = new Duplex({
      objectMode: true,
      read() {},
      write(message, _encoding, done) {
        if (!background.destroyed) background.write(structuredClone(message.data ?? message));
        done();
      },
    });
    background.on("data", (message) => page.destroyed || page.push(structuredClone(message)));
    const provider = new MetaMaskInpageProvider(page, { logger: silent, shouldSendMetadata: false });
    const made = { provider, requests, engine, background, page };
    pages.add(made);
    return made;
  };

  const end = async () => {
    timers.forEach(clearTimeout);
    for (const page of pages) {
      page.engine.removeAllListeners();
      page.background.destroy();
    }
    pages.clear();
    transactions.destroy();
    await networks.destroy();
    root.clearSubscriptions();
  };

  return {
    open, windows, window, transactions, accounts,
    /** Was connected before. */
    permit: () => void (permitted = true),
    /**
     * The extension is reloaded: the pages' streams break, the windows are gone, what was signed and sent is remembered. Answers the
     * state with which it starts again.
     */
    async reload() {
      const broken = [...pages].map(({ page }) => page);
      const kept = { transactions: transactions.state.transactions };
      await end();
      for (const page of broken) page.destroy(new Error("Extension context invalidated."));
      return kept;
    },
    stop: end,
  };
}
