/** The environments that a source's image can run in, and their bit mask. */

import { invalidInput } from "./errors.js";

/** One environment, by its bit. */
export const Environment = Object.freeze({ CPU: 1, NVIDIA: 2, AMD: 4 } as const);
export type Environment = (typeof Environment)[keyof typeof Environment];

const ALL = Object.entries(Environment);

/**
 * The mask of some environments.
 * @throws InvalidInputError for a number that is none
 */
export function combineEnvironments(...environments: readonly Environment[]): number {
  let mask = 0;
  for (const environment of environments) {
    if (!ALL.some(([, bit]) => bit === environment)) throw invalidInput("environments", "expected Environment.CPU, NVIDIA or AMD");
    mask |= environment;
  }
  return mask;
}

function checked(mask: number): number {
  if (!Number.isInteger(mask) || mask < 0 || mask > 7) throw invalidInput("mask", "expected a whole number from 0 to 7");
  return mask;
}

/**
 * The environments in a mask.
 * @throws InvalidInputError
 */
export function parseEnvironments(mask: number): Environment[] {
  return ALL.filter(([, bit]) => (checked(mask) & bit) !== 0).map(([, bit]) => bit);
}

/**
 * The names of the environments in a mask: `["CPU", "AMD"]`.
 * @throws InvalidInputError
 */
export function environmentNames(mask: number): (keyof typeof Environment)[] {
  return ALL.filter(([, bit]) => (checked(mask) & bit) !== 0).map(([name]) => name as keyof typeof Environment);
}
