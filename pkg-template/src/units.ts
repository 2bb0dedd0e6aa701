/** Decimal text ↔ integer token units, exact. Plain TypeScript, so that it works before the WebAssembly is loaded. */

import { invalidInput } from "./errors.js";

const MAX_UINT256 = (1n << 256n) - 1n;

/**
 * Turns decimal text such as `"0.01"` into integer units of a token with `decimals` decimals. Nothing is rounded.
 *
 * @throws InvalidInputError for signs, exponents, spaces, more fraction digits than the token has, or a value that
 * does not fit 256 bits
 */
export function parseUnits(text: string, decimals: number): bigint {
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 77) {
    throw invalidInput("decimals", "expected a whole number from 0 to 77");
  }
  const match = typeof text === "string" && text.length <= 160 ? /^([0-9]+)(?:\.([0-9]+))?$/.exec(text) : null;
  if (!match) {
    throw invalidInput("value", 'expected a decimal number such as "0.01", without sign, exponent or spaces');
  }
  const [, whole = "", fraction = ""] = match;
  if (fraction.length > decimals) {
    throw invalidInput("value", "it has more fraction digits than the token has decimals");
  }
  const value = BigInt(whole + fraction.padEnd(decimals, "0"));
  if (value > MAX_UINT256) throw invalidInput("value", "it does not fit 256 bits");
  return value;
}

/** Turns integer units into the shortest exact decimal text: `10n ** 16n` wei is `"0.01"`. */
export function formatUnits(value: bigint, decimals: number): string {
  if (typeof value !== "bigint" || value < 0n || value > MAX_UINT256) {
    throw invalidInput("value", "expected a bigint from 0 to 2^256 - 1");
  }
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 77) {
    throw invalidInput("decimals", "expected a whole number from 0 to 77");
  }
  const digits = value.toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return fraction ? `${whole}.${fraction}` : whole;
}

/** {@link parseUnits} with 18 decimals: OGPU, OPG and ether to wei. */
export const parseEther = (text: string): bigint => parseUnits(text, 18);

/** {@link formatUnits} with 18 decimals: wei to OGPU, OPG and ether. */
export const formatEther = (wei: bigint): string => formatUnits(wei, 18);
