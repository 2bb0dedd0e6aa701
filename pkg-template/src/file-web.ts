/** A page has no paths. */

import { invalidInput } from "./errors.js";

/** A file that can be read anywhere. */
export interface OpenFile {
  readonly name: string;
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

export const openPath = (_path: string | URL): Promise<OpenFile> =>
  Promise.reject(invalidInput("model", "expected a Blob or File: paths can be read in Node only"));
