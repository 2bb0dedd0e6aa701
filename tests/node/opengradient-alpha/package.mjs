// The package's own entries, in one place: where they are may change.
export * from "../../../pkg/opengradient.js";
export { InvalidInputError } from "../../../pkg/errors.js";
