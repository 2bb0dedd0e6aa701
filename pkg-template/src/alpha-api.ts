/** The functions of the alpha network, the hub and the twins, over whichever way the WebAssembly is loaded. */

import { bag, guarded } from "./border.js";
import { Alpha, compactInput, type AlphaOptions, type InferenceMode } from "./alpha.js";
import type { GenerateImage } from "./image.js";
import { ModelHub } from "./model-hub.js";
import { Twins } from "./twins.js";
import { unwrapWallet } from "./provider.js";
import { workflowCode } from "./workflow-code.js";
import * as wasm from "./wasm/opengradient/ogkit.js";
import type { AlphaConnectOptions, ModelHubOptions, ModelInput, ModelOutput, TwinsOptions } from "./wasm/opengradient/ogkit.js";

/** What `Alpha` offers before there is a client. */
export interface AlphaStatic {
  /**
   * Connects a wallet, which asks the user for accounts; without one the client only reads. No chain is switched before
   * something is signed.
   *
   * @throws WalletRejectedError, WalletRequestPendingError, WalletLockedError, InvalidInputError, RpcError, HttpError
   */
  connect(options?: AlphaOptions): Promise<Alpha>;
}

/** What `ModelHub` offers before someone is signed in. */
export interface ModelHubStatic {
  /** Signs in with email and password. @throws AuthenticationError, InvalidInputError, HttpError, ProtocolError */
  login(options: ModelHubOptions): Promise<ModelHub>;
}

/** What `Twins` offers before there is a key. */
export interface TwinsStatic {
  /** Keeps the key; no request. @throws InvalidInputError */
  connect(options: TwinsOptions): Promise<Twins>;
}

/** All of it. */
export interface AlphaApi {
  Alpha: AlphaStatic;
  ModelHub: ModelHubStatic;
  Twins: TwinsStatic;
  generateImage: GenerateImage;
  /** The calldata of an inference, for those who send it themselves. @throws InvalidInputError */
  encodeInference: (modelCid: string, inferenceMode: InferenceMode, modelInput: ModelInput) => Promise<Uint8Array>;
  /** The tensors in an `InferenceResult` event's data, or in what `getInferenceResult` returns. @throws ProtocolError */
  decodeModelOutput: (data: Uint8Array) => Promise<ModelOutput>;
  /** OpenGradient's own forecasts: names, contracts on the public network, tensors. */
  workflowModels: () => Promise<ReturnType<typeof wasm.workflowModels>>;
}

/** A client whose core is made at the first call that needs it; a failure is tried again at the next. */
export function lazyAlpha(load: () => Promise<void>, options: AlphaConnectOptions): Alpha {
  let opening: Promise<wasm.AlphaCore> | undefined;
  const open = (): Promise<wasm.AlphaCore> => {
    opening ??= load().then(() => wasm.AlphaCore.connect(options)).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return new Alpha(open, workflowCode, options.account);
}

/** Makes the functions; `load` is awaited before the WebAssembly is used. */
export function bindAlpha(load: () => Promise<void>): AlphaApi {
  return {
    Alpha: Object.freeze({
      async connect(options?: AlphaOptions) {
        await load();
        const { wallet, ...rest } = bag(options, "options");
        const core = await wasm.AlphaCore.connect(wallet === undefined ? rest : { ...rest, wallet: unwrapWallet(wallet) });
        return new Alpha(async () => core, workflowCode, core.account);
      },
    }),
    ModelHub: Object.freeze({
      async login(options: ModelHubOptions) {
        await load();
        const core = await wasm.ModelHubCore.login(options);
        return new ModelHub(async () => core);
      },
    }),
    Twins: Object.freeze({
      async connect(options: TwinsOptions) {
        await load();
        const core = new wasm.TwinsCore(options);
        return new Twins(async () => core);
      },
    }),
    async generateImage(params, options) {
      await load();
      return wasm.generateImage(params, options);
    },
    async encodeInference(modelCid, inferenceMode, modelInput) {
      await load();
      return wasm.encodeInference(modelCid, inferenceMode, guarded("modelInput", () => compactInput(modelInput)));
    },
    async decodeModelOutput(data) {
      await load();
      return wasm.decodeModelOutput(data);
    },
    async workflowModels() {
      await load();
      return wasm.workflowModels();
    },
  };
}
