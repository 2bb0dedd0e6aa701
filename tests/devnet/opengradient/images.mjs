// The image generation service: gRPC as it was (HTTP/2 without TLS), and a gRPC-Web proxy, which a page can speak to.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http2";

import { PIXEL } from "./model.mjs";
import { listen } from "./web.mjs";

const SERVICE = "/inference.InferenceService/";
const IN_PROGRESS = 1, COMPLETED = 2, ERROR = 3;
const INVALID_ARGUMENT = 3, NOT_FOUND = 5, UNIMPLEMENTED = 12;

class Status extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** A message's fields by number; of a repeated one the last, as proto3 has it. Texts and messages stay bytes. */
function decode(bytes) {
  const fields = {};
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= bytes.length) break;
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Status(INVALID_ARGUMENT, "not a protobuf message");
  };
  while (at < bytes.length) {
    const key = Number(varint());
    if ((key & 7) === 0) fields[key >> 3] = Number(varint());
    else if ((key & 7) === 2) {
      const length = Number(varint());
      if (at + length > bytes.length) throw new Status(INVALID_ARGUMENT, "a field beyond the end");
      fields[key >> 3] = bytes.subarray(at, (at += length));
    } else throw new Status(INVALID_ARGUMENT, "a wire type that is not used here");
  }
  return fields;
}

function encode(fields) {
  const varint = (value) => {
    const bytes = [];
    for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
    return Buffer.from([...bytes, value]);
  };
  return Buffer.concat(Object.entries(fields).flatMap(([number, value]) => {
    if (typeof value === "number") return [varint(number * 8), varint(value)];
    const bytes = Buffer.from(value);
    return [varint(number * 8 + 2), varint(bytes.length), bytes];
  }));
}

function frame(bytes, flags = 0) {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function unframe(body) {
  if (body.length < 5 || body[0] !== 0 || body.length !== 5 + body.readUInt32BE(1)) throw new Status(INVALID_ARGUMENT, "expected one message");
  return body.subarray(5);
}

/** The service, whichever way it is spoken to. @param {{ polls: number }} options how often a job is still in progress */
function createService(options) {
  const jobs = new Map();
  const job = (bytes) => {
    const found = jobs.get(String(decode(bytes)[1] ?? ""));
    if (!found) throw new Status(NOT_FOUND, "no such inference");
    return found;
  };
  const methods = {
    RunInferenceAsync(bytes) {
      const { 1: tx, 6: image } = decode(bytes);
      if (!image) throw new Status(INVALID_ARGUMENT, "expected an image generation request");
      const { 1: model = "", 2: prompt = "", 3: height = 1024, 4: width = 1024 } = decode(image);
      const id = String(tx ?? "") || randomUUID();
      jobs.set(id, { id, model: String(model), prompt: String(prompt), height, width, asked: 0 });
      return encode({ 1: id });
    },
    GetInferenceStatus(bytes) {
      const found = job(bytes);
      if (++found.asked <= options.polls) return encode({ 1: IN_PROGRESS });
      return found.prompt.includes("fail") ? encode({ 1: ERROR, 2: "the model failed" }) : encode({ 1: COMPLETED });
    },
    GetInferenceResult(bytes) {
      if (job(bytes).asked <= options.polls) throw new Status(9, "the inference is in progress");
      return encode({ 5: encode({ 1: Buffer.from(PIXEL, "base64") }) });
    },
  };
  const call = (path, body) => {
    const method = path.startsWith(SERVICE) && Object.hasOwn(methods, path.slice(SERVICE.length)) ? methods[path.slice(SERVICE.length)] : undefined;
    try {
      if (!method) throw new Status(UNIMPLEMENTED, `unknown method ${path}`);
      return { message: frame(method(unframe(body))), code: 0, text: "" };
    } catch (error) {
      return { code: error.code ?? 13, text: error.message };
    }
  };
  return { jobs, call };
}

const whole = async (stream) => {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
};

/** @param {{ host?: string, cors?: boolean, polls?: number }} [options] */
export async function startImages({ host = "127.0.0.1", cors, polls = 1 } = {}) {
  const settings = { polls };
  const service = createService(settings);

  const native = createServer();
  native.on("stream", async (stream, headers) => {
    stream.on("error", () => {});
    const { message, code, text } = service.call(headers[":path"] ?? "", await whole(stream).catch(() => Buffer.alloc(0)));
    if (stream.destroyed) return;
    const trailers = { "grpc-status": String(code), "grpc-message": encodeURIComponent(text) };
    const start = { ":status": 200, "content-type": "application/grpc+proto" };
    if (!message) return stream.respond({ ...start, ...trailers }, { endStream: true });
    stream.respond(start, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    stream.end(message);
  });
  const sessions = new Set();
  native.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  await new Promise((resolve) => native.listen(0, host, resolve));

  const web = await listen(async (request, response) => {
    const type = String(request.headers["content-type"]);
    if (request.method !== "POST" || !type.startsWith("application/grpc-web")) return response.writeHead(415).end();
    // In its text form both bodies are base64.
    const asText = type.startsWith("application/grpc-web-text");
    const body = await whole(request);
    const { message, code, text } = service.call(new URL(request.url ?? "/", "http://localhost").pathname, asText ? Buffer.from(String(body), "base64") : body);
    const trailers = frame(Buffer.from(`grpc-status: ${code}\r\ngrpc-message: ${encodeURIComponent(text)}\r\n`), 0x80);
    const answer = Buffer.concat([message ?? Buffer.alloc(0), trailers]);
    response.writeHead(200, { "content-type": asText ? "application/grpc-web-text+proto" : "application/grpc-web+proto" });
    response.end(asText ? answer.toString("base64") : answer);
  }, { host, cors });

  return {
    /** gRPC: host and port. */
    address: `${host}:${native.address().port}`,
    /** gRPC-Web: the base, before the path of a method. */
    webUrl: web.url,
    /** What was asked for, by id. */
    jobs: service.jobs,
    /** How often a job is still in progress. */
    settings,
    async stop() {
      await web.stop();
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => native.close(resolve));
    },
  };
}
