// What MetaMask needs to upgrade accounts (EIP-7702): its makers' list of contracts, and transactions that a chain takes.
import { EOACodeEIP7702Transaction } from "@ethereumjs/tx";
import { concat, numberToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

/**
 * ethereumjs/tx 5.4.0, which these controllers name, has the authorizations of an early draft of EIP-7702, with a list of nonces each. They
 * are written as the EIP has them, so that a chain takes the upgrade of an account.
 */
const { fromTxData, prototype: { raw } } = EOACodeEIP7702Transaction;
EOACodeEIP7702Transaction.fromTxData = (data, options) => {
  const authorizationList = data.authorizationList.map((one) => (Array.isArray(one) ? one : { ...one, nonce: [one.nonce].flat() }));
  return fromTxData.call(EOACodeEIP7702Transaction, { ...data, authorizationList }, options);
};
EOACodeEIP7702Transaction.prototype.raw = function () {
  const values = raw.call(this);
  const authorizations = values[9].map(([chainId, address, [nonce], ...signature]) => [chainId, address, nonce, ...signature]);
  return [...values.slice(0, 9), authorizations, ...values.slice(10)];
};

/** Signs the list; in the extension its makers do. */
const maker = privateKeyToAccount(`0x${"7702".repeat(16)}`);
/** By which MetaMask knows them. */
export const LIST_KEY = maker.address;

/** The list as its feature flag has it: the one contract to which accounts of a chain are upgraded, or none. */
export async function upgradesTo(delegate, chainId) {
  if (!delegate) return { supportedChains: [], contracts: {} };
  const chain = numberToHex(chainId);
  const raw = concat([delegate, chain.length % 2 ? `0x0${chain.slice(2)}` : chain]);
  return { supportedChains: [chain], contracts: { [chain]: [{ address: delegate, signature: await maker.signMessage({ message: { raw } }) }] } };
}
