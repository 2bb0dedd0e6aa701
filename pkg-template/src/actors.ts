/** `Provider` and `Master`: who runs images, and who owns the machines. */

import { OnChain, type Call } from "./contract.js";
import { makeError } from "./errors.js";
import type { Address, CallOptions, Receipt, WriteOptions } from "./wasm/ogpu/ogkit.js";

/** Everything that the chain tells about a provider. Amounts are wei. */
export interface ProviderSnapshot {
  readonly address: Address;
  /** Absent while it has none. */
  readonly master?: Address;
  /** The URL of its fixed data. */
  readonly baseData: string;
  /** The URL of its changing data. */
  readonly liveData: string;
  readonly isProvider: boolean;
  readonly defaultAgentDisabled: boolean;
  readonly balance: bigint;
  readonly lockup: bigint;
  readonly unbonding: bigint;
  /** When the unbonding matures, in unix seconds; 0 for none. */
  readonly unbondingTimestamp: number;
  readonly totalEarnings: bigint;
  readonly frozenPayment: bigint;
  readonly sanction: bigint;
  readonly isEligible: boolean;
  readonly isWhitelisted: boolean;
}

/** Everything that the chain tells about a master. Amounts are wei. */
export interface MasterSnapshot {
  readonly address: Address;
  /** Absent while it has none. */
  readonly provider?: Address;
  readonly isMaster: boolean;
  readonly balance: bigint;
  readonly lockup: bigint;
  readonly unbonding: bigint;
  readonly totalEarnings: bigint;
  readonly frozenPayment: bigint;
  readonly isEligible: boolean;
  readonly isWhitelisted: boolean;
}

/** What providers and masters have in common: money in the vault. */
abstract class Actor extends OnChain {
  /** @internal */
  protected ask<T>(name: string, options?: CallOptions): Promise<T> {
    return this.one(options, name, this.address);
  }

  /** Its vault balance in wei. One HTTP request, as for each getter. */
  getBalance(options?: CallOptions): Promise<bigint> {
    return this.ask("Vault.getBalanceOf", options);
  }
  /** Its stake in wei. */
  getLockup(options?: CallOptions): Promise<bigint> {
    return this.ask("Vault.getLockupOf", options);
  }
  /** What is unbonding, in wei. */
  getUnbonding(options?: CallOptions): Promise<bigint> {
    return this.ask("Vault.getUnbondingOf", options);
  }
  /** When its unbonding matures, in unix seconds; 0 for none. */
  getUnbondingTimestamp(options?: CallOptions): Promise<number> {
    return this.ask("Vault.getUnbondingTimestamp", options);
  }
  /** What it earned in all, in wei. */
  getTotalEarnings(options?: CallOptions): Promise<bigint> {
    return this.ask("Vault.getTotalEarningsOf", options);
  }
  /** What is in escrow, in wei. */
  getFrozenPayment(options?: CallOptions): Promise<bigint> {
    return this.ask("Vault.getFrozenPayment", options);
  }
  /** What was taken as a penalty, in wei. */
  getSanction(options?: CallOptions): Promise<bigint> {
    return this.ask("Vault.getSanctionOf", options);
  }
  /** Whether the vault lets it take part. */
  isEligible(options?: CallOptions): Promise<boolean> {
    return this.ask("Vault.isEligible", options);
  }
  /** Whether it is exempt from the stake. */
  isWhitelisted(options?: CallOptions): Promise<boolean> {
    return this.ask("Vault.isWhitelisted", options);
  }

  /** Stakes `amount` wei of the signer's vault balance. Two HTTP requests, as for each writer. @throws InsufficientBalanceError */
  stake(amount: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Vault.lock", [amount], options);
  }
  /** Starts to free `amount` wei of the signer's stake. @throws InsufficientLockupError */
  unstake(amount: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Vault.unbond", [amount], options);
  }
  /** Stakes again what the signer is unbonding. @throws NotOnNetworkError on testnet */
  cancelUnbonding(options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Vault.cancelUnbonding", [], options);
  }
  /** Moves what the signer has unbonded to its balance. @throws UnbondingPeriodNotElapsedError */
  claimEarnings(options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Vault.claim", [], options);
  }
  /** Moves `amount` wei of the signer's native currency into this account's vault balance. @throws GasError */
  depositToVault(amount: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Vault.deposit", [this.address, amount], options);
  }
  /** Moves `amount` wei of the signer's vault balance back to native currency. @throws InsufficientBalanceError */
  withdrawFromVault(amount: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Vault.withdraw", [amount], options);
  }
}

function absent(name: "ProviderNotFoundError" | "MasterNotFoundError", address: Address): Error {
  const [code, what] = name === "ProviderNotFoundError" ? ["providerNotFound", "provider"] : ["masterNotFound", "master"];
  return makeError({ name, code: code as string, message: `${address} is no ${what as string} of this network`, fields: { address } });
}

/** An account that runs sources' images and answers tasks. Made by `ogpu.provider(address)`. */
export class Provider extends Actor {
  /**
   * Checks that the account is a provider. One HTTP request.
   * @throws ProviderNotFoundError
   */
  async load(options?: CallOptions): Promise<this> {
    if (!(await this.isProvider(options))) throw absent("ProviderNotFoundError", this.address);
    return this;
  }

  /** Everything the chain tells about it. One HTTP request. */
  async snapshot(options?: CallOptions): Promise<ProviderSnapshot> {
    const at = this.address;
    const names = [
      "Terminal.getBaseDataOf", "Terminal.getLiveDataOf", "Terminal.isProvider", "Terminal.isDefaultAgentDisabled",
      "Vault.getBalanceOf", "Vault.getLockupOf", "Vault.getUnbondingOf", "Vault.getUnbondingTimestamp", "Vault.getTotalEarningsOf",
      "Vault.getFrozenPayment", "Vault.getSanctionOf", "Vault.isEligible", "Vault.isWhitelisted", "Terminal.getMasterOf",
    ];
    const [
      baseData, liveData, isProvider, defaultAgentDisabled, balance, lockup, unbonding, unbondingTimestamp, totalEarnings, frozenPayment,
      sanction, isEligible, isWhitelisted, master,
    ] = await this.all<[string, string, boolean, boolean, bigint, bigint, bigint, number, bigint, bigint, bigint, boolean, boolean, Address | undefined]>(
      options, ...names.map((name): Call => [name, at]),
    );
    return Object.freeze({
      address: at, ...(master === undefined ? {} : { master }), baseData, liveData, isProvider, defaultAgentDisabled, balance, lockup,
      unbonding, unbondingTimestamp, totalEarnings, frozenPayment, sanction, isEligible, isWhitelisted,
    });
  }

  /** Its master; `undefined` while it has none. */
  getMaster(options?: CallOptions): Promise<Address | undefined> {
    return this.ask("Terminal.getMasterOf", options);
  }
  /** The URL of its fixed data. */
  getBaseData(options?: CallOptions): Promise<string> {
    return this.ask("Terminal.getBaseDataOf", options);
  }
  /** The URL of its changing data. */
  getLiveData(options?: CallOptions): Promise<string> {
    return this.ask("Terminal.getLiveDataOf", options);
  }
  /** Whether it is a provider. */
  isProvider(options?: CallOptions): Promise<boolean> {
    return this.ask("Terminal.isProvider", options);
  }
  /** Whether the network's default agent may not act for it. */
  getDefaultAgentDisabled(options?: CallOptions): Promise<boolean> {
    return this.ask("Terminal.isDefaultAgentDisabled", options);
  }

  /** Names its master; the master names it in turn. The provider signs. @throws NotProviderError */
  announceMaster(master: Address, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Terminal.announceMaster", [master], options);
  }
  /** Keeps the network's default agent from acting, or no longer. */
  setDefaultAgentDisabled(value: boolean, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Terminal.setDefaultAgentDisabled", [value], options);
  }
  /** Registers it for a source. @throws NotProviderError, InsufficientLockupError, NotEligibleError, SourceInactiveError */
  registerTo(source: Address, environment: number, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Nexus.register", [source, this.address, environment], options);
  }
  /** Ends its registration. @throws NotProviderError */
  unregisterFrom(source: Address, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Nexus.unregister", [source, this.address], options);
  }
  /** Takes a task for it, asking for `suggestedPayment` wei. @throws NotProviderError, NotEligibleError, TaskAlreadyFinalizedError */
  attempt(task: Address, suggestedPayment: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Nexus.attempt", [task, this.address, suggestedPayment], options);
  }
}

/** An account that owns a provider. Made by `ogpu.master(address)`. */
export class Master extends Actor {
  /**
   * Checks that the account is a master. One HTTP request.
   * @throws MasterNotFoundError
   */
  async load(options?: CallOptions): Promise<this> {
    if (!(await this.isMaster(options))) throw absent("MasterNotFoundError", this.address);
    return this;
  }

  /** Everything the chain tells about it. One HTTP request. */
  async snapshot(options?: CallOptions): Promise<MasterSnapshot> {
    const at = this.address;
    const names = [
      "Terminal.isMaster", "Vault.getBalanceOf", "Vault.getLockupOf", "Vault.getUnbondingOf", "Vault.getTotalEarningsOf",
      "Vault.getFrozenPayment", "Vault.isEligible", "Vault.isWhitelisted", "Terminal.getProviderOf",
    ];
    const [isMaster, balance, lockup, unbonding, totalEarnings, frozenPayment, isEligible, isWhitelisted, provider] =
      await this.all<[boolean, bigint, bigint, bigint, bigint, bigint, boolean, boolean, Address | undefined]>(
        options, ...names.map((name): Call => [name, at]),
      );
    return Object.freeze({
      address: at, ...(provider === undefined ? {} : { provider }), isMaster, balance, lockup, unbonding, totalEarnings, frozenPayment,
      isEligible, isWhitelisted,
    });
  }

  /** Its provider; `undefined` while it has none. */
  getProvider(options?: CallOptions): Promise<Address | undefined> {
    return this.ask("Terminal.getProviderOf", options);
  }
  /** Whether it is a master. */
  isMaster(options?: CallOptions): Promise<boolean> {
    return this.ask("Terminal.isMaster", options);
  }

  /** Names its provider and passes on `amount` wei to the provider's vault balance. The master signs. @throws NotMasterError */
  announceProvider(provider: Address, amount: bigint, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Terminal.announceProvider", [provider, amount], options);
  }
  /** Ends the pairing. @throws NotMasterError */
  removeProvider(provider: Address, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Terminal.removeProvider", [provider], options);
  }
  /** Tells a provider to end a source's container. @throws NotMasterError */
  removeContainer(provider: Address, source: Address, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Terminal.removeContainer", [provider, source], options);
  }
  /** Lets an agent sign for the signer, or no longer. */
  setAgent(agent: Address, value: boolean, options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Terminal.setAgent", [agent, value], options);
  }
}
