/** The model hub: models, their versions and files. */

import { openFile, type UploadSource } from "./upload.js";
import type {
  CallOptions, FileUploadResult, HubFile, ModelHubCore, ModelRepository, ModelVersion,
} from "./wasm/opengradient/ogkit.js";

/** Where an upload is. */
export interface UploadProgress {
  /** `sending`: on its way; `checking`: read once more, to check the hub's content id. */
  readonly kind: "sending" | "checking";
  /** Bytes of the file. */
  readonly loaded: number;
  /** Bytes of the file. */
  readonly total: number;
}

/** Options of an upload. */
export interface UploadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told at least once a second. */
  readonly onProgress?: ((step: UploadProgress) => void) | undefined;
  /** The file's name in the hub; default: its own. A bare `Blob` has none and needs it. */
  readonly filename?: string | undefined;
}

/** Someone's place in the hub. Tokens live in memory only and are renewed before they end. */
export class ModelHub {
  readonly #open: () => Promise<ModelHubCore>;

  /** @internal */
  constructor(open: () => Promise<ModelHubCore>) {
    this.#open = open;
  }

  /**
   * Makes a model and its first version. Two requests.
   * @throws ServiceError (that of the second request says that the model exists), AuthenticationError, InvalidInputError, HttpError
   */
  async createModel(modelName: string, modelDesc: string, version?: string, options?: CallOptions): Promise<ModelRepository> {
    return (await this.#open()).createModel(modelName, modelDesc, version, options);
  }

  /** Makes a version. One request. @throws ServiceError, AuthenticationError, InvalidInputError, HttpError, ProtocolError */
  async createVersion(modelName: string, notes = "", isMajor = false, options?: CallOptions): Promise<ModelVersion> {
    return (await this.#open()).createVersion(modelName, notes, isMajor, options);
  }

  /**
   * Uploads a `Blob`, a `File` or, in Node, the file at a path, and checks that the hub's content id is that of the bytes. The
   * file is streamed and never held in memory, however large it is; it is read twice. One request, at most an hour.
   *
   * @throws ServiceError, ContentUnverifiedError (the hub has other bytes), AuthenticationError, InvalidInputError, HttpError
   */
  async upload(model: UploadSource, modelName: string, version: string, options: UploadOptions = {}): Promise<FileUploadResult> {
    const file = await openFile(model, options);
    try {
      return await (await this.#open()).upload(file, modelName, version, options.signal);
    } finally {
      await file.close();
    }
  }

  /** The files of a version. One request. @throws ServiceError, AuthenticationError, InvalidInputError, HttpError, ProtocolError */
  async listFiles(modelName: string, version: string, options?: CallOptions): Promise<HubFile[]> {
    return (await this.#open()).listFiles(modelName, version, options);
  }
}
