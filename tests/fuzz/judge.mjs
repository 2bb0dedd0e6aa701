// What may come out of a call, and what is a finding.
import { thrown } from "./values.mjs";

const text = (error) => {
  try {
    return `${error?.name ?? typeof error}: ${error?.message ?? String(error)}`.slice(0, 300);
  } catch {
    return "an error that cannot be shown";
  }
};
const FRAMES = /\/pkg\/|app\.js|tests\/fuzz/;
const place = (error) => {
  try {
    return String(error?.stack).split("\n").filter((line) => FRAMES.test(line)).map((line) => line.trim().replace(/(?:file|https?):.*\/(?:pkg|fuzz\.example|tests)\//, "")).slice(0, 5);
  } catch {
    return [];
  }
};

export class Judge {
  #say;
  #seed = 0;
  #what = "start";
  /** Set once the WebAssembly has trapped: it is of no use any more. */
  dead = false;

  constructor(say) {
    this.#say = say;
  }

  begin(seed) {
    [this.#seed, this.#what] = [seed, ""];
  }

  /** A call begins. */
  calls(what) {
    this.#what = `${this.#what ? `${this.#what}, ` : ""}${what}`.slice(-600);
    this.goesOn();
  }

  /** The case is still at it. */
  goesOn() {
    this.#say({ at: this.#seed, what: this.#what });
  }

  found(kind, error) {
    this.#say({ finding: kind, seed: this.#seed, what: this.#what, error: text(error), stack: place(error) });
  }

  /** Whether an error may come out: one of the package's, with a code, or what the caller threw itself. */
  check = (error) => {
    let [trap, code, wallets] = [false, undefined, false];
    try {
      trap = error instanceof WebAssembly.RuntimeError;
    } catch {
      // A proxy of the caller's own.
    }
    if (trap) {
      this.found("trap", error);
      this.dead = true;
      this.#say({ dead: this.#seed });
      return;
    }
    if (thrown.has(error)) return;
    try {
      ({ code } = error);
      // As EIP-1193 has it.
      wallets = error.name === "ProviderRpcError" && Number.isInteger(code);
    } catch {
      if (error !== undefined && error !== null) return; // A getter of the caller's own, in an error that it threw.
    }
    if (typeof code !== "string" && !wallets && !(error instanceof DOMException)) this.found("without a code", error);
  };

  /** Whatever comes out may, but for a trap. */
  survives = (error) => {
    try {
      if (!(error instanceof WebAssembly.RuntimeError)) return;
    } catch {
      return;
    }
    this.check(error);
  };

  /** An error that nobody caught, whoever threw it. */
  uncaught(kind, error) {
    this.check(error);
    this.found(kind, error);
  }

  try(run) {
    try {
      return run();
    } catch (error) {
      this.check(error);
      return undefined;
    }
  }
}
