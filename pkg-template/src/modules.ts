/** The contracts that exist once, function by function, as the official SDK has them; and what an agent may do. */

import { makeError, type OgError } from "./errors.js";
import { receiptEvents } from "./events.js";
import type { Address, CallOptions, Core, Receipt, SourceParams, TaskParams, WriteOptions } from "./wasm/ogpu/ogkit.js";

const one = async <T>(core: Core, options: CallOptions | undefined, name: string, ...parts: unknown[]): Promise<T> => {
  const [value] = await core.read([[name, ...parts]], options);
  return value as T;
};

function missing(expected: string): OgError {
  const found = "none in the receipt; the transaction was mined";
  return makeError({ name: "ProtocolError", code: "protocol", message: `expected ${expected}, but found ${found}`, fields: { expected, found } });
}

/** The registry of sources. Writers make two HTTP requests, getters one. */
export class Nexus {
  readonly #core: Core;
  /** @internal */
  constructor(core: Core) {
    this.#core = core;
  }

  /** Publishes a source whose document is already pinned. @throws InvalidInputError, UnauthorizedAccountError */
  publishSource(params: SourceParams, options?: WriteOptions): Promise<Receipt> {
    return this.#core.writeStruct("Nexus.publishSource", params, undefined, options);
  }
  /** The source in a receipt of `publishSource`. @throws ProtocolError */
  extractSourceAddress(receipt: Receipt): Address {
    const event = receiptEvents(this.#core, receipt).find(({ type }) => type === "sourcePublished");
    if (event?.type !== "sourcePublished") throw missing("one SourcePublished event of Nexus");
    return event.source;
  }
  /** Replaces a source's terms. @throws NotSourceOwnerError */
  updateSource(source: Address, params: SourceParams, options?: WriteOptions): Promise<Receipt> {
    return this.#core.writeStruct("Nexus.updateSource", params, source, options);
  }
  /** Ends a source for new tasks, for ever. @throws NotSourceOwnerError, SourceInactiveError */
  inactivateSource(source: Address, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Nexus.inactivateSource", [source], options);
  }
  /** Registers a provider for a source. @throws NotProviderError, InsufficientLockupError, NotEligibleError, SourceInactiveError */
  register(source: Address, provider: Address, environment: number, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Nexus.register", [source, provider, environment], options);
  }
  /** Ends a registration. @throws NotProviderError */
  unregister(source: Address, provider: Address, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Nexus.unregister", [source, provider], options);
  }
  /** Takes a task for a provider, asking for `suggestedPayment` wei. @throws NotProviderError, NotEligibleError, TaskAlreadyFinalizedError */
  attempt(task: Address, provider: Address, suggestedPayment: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Nexus.attempt", [task, provider, suggestedPayment], options);
  }

  /** How many sources there are. */
  getSourceCount(options?: CallOptions): Promise<number> {
    return one(this.#core, options, "Nexus.getSourceCount");
  }
  /** Sources `lower` to `upper` (exclusive; default: all). Two HTTP requests. */
  async getSources(lower?: number, upper?: number, options?: CallOptions): Promise<Address[]> {
    return (await this.#core.list("Nexus.getSourceCount", "Nexus.getSources", undefined, lower, upper, options)) as Address[];
  }
  /** A source's number. */
  getSourceId(source: Address, options?: CallOptions): Promise<bigint> {
    return one(this.#core, options, "Nexus.getSourceId", source);
  }
  /** How many active sources a client has. */
  getActiveSourceCount(client: Address, options?: CallOptions): Promise<number> {
    return one(this.#core, options, "Nexus.getActiveSourceCount", client);
  }
}

/** Tasks and their confirmation. Writers make two HTTP requests. */
export class Controller {
  readonly #core: Core;
  /** @internal */
  constructor(core: Core) {
    this.#core = core;
  }

  /** Publishes a task whose config is already pinned. @throws TaskExpiredError, InsufficientBalanceError, SourceInactiveError */
  publishTask(params: TaskParams, options?: WriteOptions): Promise<Receipt> {
    return this.#core.writeStruct("Controller.publishTask", params, undefined, options);
  }
  /** The task in a receipt of `publishTask`. @throws ProtocolError */
  extractTaskAddress(receipt: Receipt): Address {
    const event = receiptEvents(this.#core, receipt).find(({ type }) => type === "taskPublished");
    if (event?.type !== "taskPublished") throw missing("one TaskPublished event of Nexus");
    return event.task;
  }
  /** Confirms a response, which pays its provider. @throws NotTaskOwnerError, ResponseAlreadyConfirmedError, TaskAlreadyFinalizedError */
  confirmResponse(response: Address, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Controller.confirmResponse", [response], options);
  }
  /** Cancels a task that nobody attempted. @throws NotTaskOwnerError, TaskInProgressError, TaskAlreadyFinalizedError */
  cancelTask(task: Address, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Controller.cancelTask", [task], options);
  }
}

/** Who belongs to whom. Writers make two HTTP requests, getters one. */
export class Terminal {
  readonly #core: Core;
  /** @internal */
  constructor(core: Core) {
    this.#core = core;
  }

  /** Lets an agent sign for the sender, or no longer. */
  setAgent(agent: Address, value: boolean, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Terminal.setAgent", [agent, value], options);
  }
  /** Takes an agent's permission back. */
  revokeAgent(agent: Address, options?: WriteOptions): Promise<Receipt> {
    return this.setAgent(agent, false, options);
  }
  /** A provider names its master. @throws NotProviderError */
  announceMaster(master: Address, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Terminal.announceMaster", [master], options);
  }
  /** A master names its provider and passes on `amount` wei to its vault balance. @throws NotMasterError */
  announceProvider(provider: Address, amount: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Terminal.announceProvider", [provider, amount], options);
  }
  /** Ends a pairing. @throws NotMasterError */
  removeProvider(provider: Address, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Terminal.removeProvider", [provider], options);
  }
  /** Tells a provider to end a source's container. @throws NotMasterError */
  removeContainer(provider: Address, source: Address, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Terminal.removeContainer", [provider, source], options);
  }
  /** Keeps the network's default agent from acting for the sender, or no longer. */
  setDefaultAgentDisabled(value: boolean, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Terminal.setDefaultAgentDisabled", [value], options);
  }

  /** A provider's master; `undefined` for none. */
  getMasterOf(provider: Address, options?: CallOptions): Promise<Address | undefined> {
    return one(this.#core, options, "Terminal.getMasterOf", provider);
  }
  /** A master's provider; `undefined` for none. */
  getProviderOf(master: Address, options?: CallOptions): Promise<Address | undefined> {
    return one(this.#core, options, "Terminal.getProviderOf", master);
  }
  /** The URL of a provider's fixed data. */
  getBaseDataOf(provider: Address, options?: CallOptions): Promise<string> {
    return one(this.#core, options, "Terminal.getBaseDataOf", provider);
  }
  /** The URL of a provider's changing data. */
  getLiveDataOf(provider: Address, options?: CallOptions): Promise<string> {
    return one(this.#core, options, "Terminal.getLiveDataOf", provider);
  }
  /** Whether an account is a master. */
  isMaster(account: Address, options?: CallOptions): Promise<boolean> {
    return one(this.#core, options, "Terminal.isMaster", account);
  }
  /** Whether an account is a provider. */
  isProvider(account: Address, options?: CallOptions): Promise<boolean> {
    return one(this.#core, options, "Terminal.isProvider", account);
  }
  /** Whether an agent may sign for an account. */
  isAgentOf(account: Address, agent: Address, options?: CallOptions): Promise<boolean> {
    return one(this.#core, options, "Terminal.isAgentOf", account, agent);
  }
  /** Whether the network's default agent may not act for an account. */
  isDefaultAgentDisabled(account: Address, options?: CallOptions): Promise<boolean> {
    return one(this.#core, options, "Terminal.isDefaultAgentDisabled", account);
  }
}

/** Balances, stake, escrow; all amounts in wei. A task's payment comes out of the client's balance here: deposit first. */
export class Vault {
  readonly #core: Core;
  /** @internal */
  constructor(core: Core) {
    this.#core = core;
  }

  /** Moves `amount` wei of the sender's native currency into `account`'s balance. Two HTTP requests, as for each writer. @throws GasError */
  deposit(account: Address, amount: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Vault.deposit", [account, amount], options);
  }
  /** Moves `amount` wei of the sender's balance back to native currency. @throws InsufficientBalanceError */
  withdraw(amount: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Vault.withdraw", [amount], options);
  }
  /** Stakes `amount` wei of the sender's balance. @throws InsufficientBalanceError */
  lock(amount: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Vault.lock", [amount], options);
  }
  /** Starts to free `amount` wei of the sender's stake. @throws InsufficientLockupError */
  unbond(amount: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Vault.unbond", [amount], options);
  }
  /** Stakes again what is unbonding. @throws NotOnNetworkError on testnet */
  cancelUnbonding(options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Vault.cancelUnbonding", [], options);
  }
  /** Moves what has unbonded to the sender's balance. @throws UnbondingPeriodNotElapsedError */
  claim(options?: WriteOptions): Promise<Receipt> {
    return this.#core.write("Vault.claim", [], options);
  }

  /** An account's balance. One HTTP request, as for each getter. */
  getBalanceOf(account: Address, options?: CallOptions): Promise<bigint> {
    return one(this.#core, options, "Vault.getBalanceOf", account);
  }
  /** An account's stake. */
  getLockupOf(account: Address, options?: CallOptions): Promise<bigint> {
    return one(this.#core, options, "Vault.getLockupOf", account);
  }
  /** What an account is unbonding. */
  getUnbondingOf(account: Address, options?: CallOptions): Promise<bigint> {
    return one(this.#core, options, "Vault.getUnbondingOf", account);
  }
  /** When an account's unbonding matures, in unix seconds; 0 for none. */
  getUnbondingTimestamp(account: Address, options?: CallOptions): Promise<number> {
    return one(this.#core, options, "Vault.getUnbondingTimestamp", account);
  }
  /** What an account earned in all. */
  getTotalEarningsOf(account: Address, options?: CallOptions): Promise<bigint> {
    return one(this.#core, options, "Vault.getTotalEarningsOf", account);
  }
  /** What an account has in escrow. */
  getFrozenPayment(account: Address, options?: CallOptions): Promise<bigint> {
    return one(this.#core, options, "Vault.getFrozenPayment", account);
  }
  /** What was taken from an account as a penalty. */
  getSanctionOf(account: Address, options?: CallOptions): Promise<bigint> {
    return one(this.#core, options, "Vault.getSanctionOf", account);
  }
  /** Whether an account may take part. */
  isEligible(account: Address, options?: CallOptions): Promise<boolean> {
    return one(this.#core, options, "Vault.isEligible", account);
  }
  /** Whether an account is exempt from the stake. */
  isWhitelisted(account: Address, options?: CallOptions): Promise<boolean> {
    return one(this.#core, options, "Vault.isWhitelisted", account);
  }
  /** The least stake for each source that a provider registers for. */
  getMinLockupPerSource(options?: CallOptions): Promise<bigint> {
    return one(this.#core, options, "Vault.getMinLockupPerSource");
  }
  /** How long unbonding takes, in seconds. */
  getUnbondingPeriod(options?: CallOptions): Promise<number> {
    return one(this.#core, options, "Vault.getUnbondingPeriod");
  }
  /** An account's balance and earnings. One HTTP request. */
  async getAccount(account: Address, options?: CallOptions): Promise<{ readonly balance: bigint; readonly totalEarnings: bigint }> {
    const [balance, totalEarnings] = await this.#core.read([["Vault.getBalanceOf", account], ["Vault.getTotalEarningsOf", account]], options);
    return Object.freeze({ balance: balance as bigint, totalEarnings: totalEarnings as bigint });
  }
}

/** What an agent does for a master's provider, signing as the connected account. */
export class Agent {
  readonly #nexus: Nexus;
  /** @internal */
  constructor(nexus: Nexus) {
    this.#nexus = nexus;
  }

  /** Registers a provider for a source. @throws NotProviderError, InsufficientLockupError, NotEligibleError, SourceInactiveError */
  registerTo(source: Address, provider: Address, environment: number, options?: WriteOptions): Promise<Receipt> {
    return this.#nexus.register(source, provider, environment, options);
  }
  /** Ends a registration. @throws NotProviderError */
  unregisterFrom(source: Address, provider: Address, options?: WriteOptions): Promise<Receipt> {
    return this.#nexus.unregister(source, provider, options);
  }
  /** Takes a task for a provider, asking for `suggestedPayment` wei. @throws NotProviderError, NotEligibleError, TaskAlreadyFinalizedError */
  attempt(task: Address, provider: Address, suggestedPayment: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.#nexus.attempt(task, provider, suggestedPayment, options);
  }
}
