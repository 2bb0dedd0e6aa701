/** Tools for agents that run a model or read a workflow: as plain functions here, for LangChain.js in `ogkit/langchain`. */

import { bag, guarded } from "./border.js";
import type { Alpha, InferenceMode } from "./alpha.js";
import { invalidInput } from "./errors.js";
import type { Address, InferenceResult, ModelInput, ModelOutput } from "./wasm/opengradient/ogkit.js";

/** A function tool: what a model is told of it, and what is done when the model calls it. */
export interface FunctionTool {
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments. */
  readonly parameters: object;
  /** The tool as `og.llm.chat` and OpenAI's API take it. */
  readonly definition: { readonly type: "function"; readonly function: { readonly name: string; readonly description: string; readonly parameters: object } };
  /** Runs it; arguments are an object, or the JSON text that a model wrote. */
  call(args?: Record<string, unknown> | string): Promise<string>;
}

/** What a tool that runs a model is made of. */
export interface RunModelToolOptions<Args = Record<string, unknown>> {
  readonly modelCid: string;
  readonly toolName: string;
  /** The model's input, from the arguments that the agent filled in. */
  readonly modelInputProvider: (args: Args) => ModelInput | Promise<ModelInput>;
  /** The result in words. */
  readonly modelOutputFormatter: (result: InferenceResult) => string | Promise<string>;
  /** Who runs it: `og.alpha`. */
  readonly inference: Pick<Alpha, "infer">;
  /** JSON schema of the arguments; default: none. */
  readonly toolInputSchema?: object | undefined;
  readonly toolDescription?: string | undefined;
  /** Default: `VANILLA`. */
  readonly inferenceMode?: InferenceMode | undefined;
}

/** What a tool that reads a workflow is made of. */
export interface ReadWorkflowToolOptions {
  readonly workflowContractAddress: Address;
  readonly toolName: string;
  readonly toolDescription: string;
  /** Who reads it: `og.alpha`. */
  readonly alpha: Pick<Alpha, "readWorkflowResult">;
  /** The result in words; default: as JSON. */
  readonly outputFormatter?: ((output: ModelOutput) => string | Promise<string>) | undefined;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** A new one each time: validators write into schemas. */
const noArguments = (): object => ({ type: "object", properties: {}, additionalProperties: false });

function functionTool(name: string, description: string, parameters: object, run: (args: Record<string, unknown>) => Promise<string>): FunctionTool {
  if (typeof name !== "string" || !NAME.test(name)) throw invalidInput("toolName", "expected 1 to 64 letters, digits, underscores and hyphens");
  return Object.freeze({
    name,
    description,
    parameters,
    definition: { type: "function", function: { name, description, parameters } } as const,
    async call(args: Record<string, unknown> | string = {}) {
      const given: unknown = typeof args === "string" ? JSON.parse(args || "{}") : args;
      if (typeof given !== "object" || given === null || Array.isArray(given)) throw invalidInput("args", "expected an object");
      return run(given as Record<string, unknown>);
    },
  });
}

/**
 * A tool that runs a model on chain; each call is a transaction that the user's wallet signs.
 * @throws InvalidInputError for a name that models cannot call
 */
export function createRunModelTool<Args = Record<string, unknown>>(options: RunModelToolOptions<Args>): FunctionTool {
  const { modelCid, toolName, modelInputProvider, modelOutputFormatter, inference, inferenceMode = "VANILLA", toolDescription, toolInputSchema } = bag(options, "options");
  const description = toolDescription ?? "Executes the given ML model";
  return functionTool(toolName, description, toolInputSchema ?? noArguments(), async (args) => {
    const input = await modelInputProvider(args as Args);
    return modelOutputFormatter(await inference.infer(modelCid, inferenceMode, input));
  });
}

/**
 * A tool that reads a workflow's newest result; it signs nothing.
 * @throws InvalidInputError for a name that models cannot call
 */
export function createReadWorkflowTool(options: ReadWorkflowToolOptions): FunctionTool {
  const { workflowContractAddress, toolName, toolDescription, alpha, outputFormatter = outputText } = bag(options, "options");
  return functionTool(toolName, toolDescription, noArguments(), async () => outputFormatter(await alpha.readWorkflowResult(workflowContractAddress)));
}

/** A model's output as JSON, with plain lists. */
export function outputText(output: ModelOutput): string {
  return guarded("output", () => JSON.stringify(output, (_, value: unknown) => (value instanceof Float32Array ? [...value] : value)));
}
