/** A file on its way to the hub: sent in pieces by the platform, with progress, and read once more for the check. */

import { invalidInput } from "./errors.js";
import { openPath, type OpenFile } from "./file.js";
import type { UploadOptions, UploadProgress } from "./model-hub.js";
import type { PlatformFile, UploadPlan } from "./wasm/opengradient/ogkit.js";

/** What can be uploaded; a text is a path, in Node. */
export type UploadSource = Blob | string | URL;

/** What is read at once where the platform does not read by itself. */
const PIECE = 1 << 20;
/** Progress is told this often even when nothing moved. */
const BEAT_MS = 500;
/** The hub's answer is small. */
const MAX_REPLY = 64 << 10;

type Answer = { status: number; body: Uint8Array };

/** @internal */
export type Upload = PlatformFile & { close(): Promise<void> };

/** @internal Opens what is to be uploaded. */
export async function openFile(source: UploadSource, options: UploadOptions): Promise<Upload> {
  // By its shape: it may come from another realm.
  const blob = typeof source === "object" && source !== null && "slice" in source && "size" in source ? source : undefined;
  if (!blob && typeof source !== "string" && !(source instanceof URL)) throw invalidInput("model", "expected a Blob, a File or a path");
  const file = blob ? fromBlob(blob) : await openPath(source as string | URL);
  const name = options.filename ?? file.name;
  if (!name) {
    await file.close();
    throw invalidInput("options.filename", "expected the file's name, which a Blob does not have");
  }
  const { size } = file;
  const report = reporter(size, options.onProgress);
  const stop = new AbortController();
  return {
    name,
    size,
    async send(plan) {
      const end = report.begin("sending");
      try {
        return await (blob && typeof XMLHttpRequest === "function" ? sendBlob : sendPieces)(plan, blob ? { ...file, blob } : file, report.at, stop.signal);
      } finally {
        end();
      }
    },
    async read(offset, length) {
      const end = report.begin("checking");
      try {
        const piece = await file.read(offset, length);
        report.at(offset + piece.length);
        return piece;
      } finally {
        end();
      }
    },
    cancel: () => stop.abort(),
    close: () => file.close(),
  };
}

function fromBlob(blob: Blob): OpenFile {
  return {
    name: "name" in blob && typeof blob.name === "string" ? blob.name : "",
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
    close: async () => {},
  };
}

/** Tells where it is at most ten times a second, and at least twice. */
function reporter(total: number, onProgress: UploadOptions["onProgress"]): { begin(kind: UploadProgress["kind"]): () => void; at(loaded: number): void } {
  let state: { kind: UploadProgress["kind"]; loaded: number } = { kind: "sending", loaded: -1 };
  let told = 0;
  const tell = (): void => {
    told = Date.now();
    try {
      onProgress?.(Object.freeze({ kind: state.kind, loaded: Math.max(state.loaded, 0), total }));
    } catch {
      // The listener's own affair.
    }
  };
  return {
    begin(kind) {
      if (kind !== state.kind || state.loaded < 0) {
        state = { kind, loaded: 0 };
        tell();
      }
      const beat = setInterval(tell, BEAT_MS);
      return () => clearInterval(beat);
    },
    at(loaded) {
      state.loaded = Math.min(Math.max(loaded, 0), total);
      if (loaded >= total || Date.now() - told >= 100) tell();
    },
  };
}

/** The browser reads the file and sends it: only there is progress known, and nothing is held in the page. */
function sendBlob(plan: UploadPlan, file: OpenFile & { blob?: Blob }, at: (loaded: number) => void, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", plan.url);
    request.responseType = "arraybuffer";
    request.withCredentials = false;
    for (const [name, value] of Object.entries(plan.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => at(loaded - plan.head.length);
    request.onload = () => {
      const body = new Uint8Array((request.response as ArrayBuffer | null) ?? new ArrayBuffer(0));
      // It followed a redirect by itself; whoever answered there is not the hub that was asked.
      if (request.responseURL && request.responseURL !== new URL(plan.url, location.href).href) reject(new Error("a redirect, which is not followed"));
      else resolve({ status: request.status, body: body.subarray(0, MAX_REPLY) });
    };
    request.onerror = () => reject(new Error("the connection failed"));
    request.onabort = () => reject(new Error("it was stopped"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(new Blob([plan.head as Uint8Array<ArrayBuffer>, file.blob as Blob, plan.tail as Uint8Array<ArrayBuffer>]));
  });
}

/** In pieces through `fetch`, each read when the connection takes it. */
async function sendPieces(plan: UploadPlan, file: OpenFile, at: (loaded: number) => void, signal: AbortSignal): Promise<Answer> {
  let offset = -1;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (offset < 0) {
        offset = 0;
        controller.enqueue(plan.head);
      } else if (offset < file.size) {
        const piece = await file.read(offset, Math.min(PIECE, file.size - offset));
        if (!piece.length) throw new Error("the file has become shorter");
        offset += piece.length;
        at(offset);
        controller.enqueue(piece);
      } else {
        controller.enqueue(plan.tail);
        controller.close();
      }
    },
  }, { highWaterMark: 0 });
  const length = plan.head.length + file.size + plan.tail.length;
  const request = { method: "POST", headers: { ...plan.headers, "content-length": String(length) }, body, duplex: "half", redirect: "error", credentials: "omit", signal };
  const response = await fetch(plan.url, request as RequestInit);
  return { status: response.status, body: await limited(response) };
}

async function limited(response: Response): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) {
    pieces.push(step.value);
    size += step.value.length;
    if (size >= MAX_REPLY) {
      void reader?.cancel();
      break;
    }
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
