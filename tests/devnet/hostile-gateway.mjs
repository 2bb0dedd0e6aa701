// A gateway that lies. It asks an honest one and spoils the answer; `MANNERS` are the ways in which it does so. With
// `http://host:port/<manner>/ipfs/` each manner is a gateway of its own.
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";

const CAR = "application/vnd.ipld.car";

/** The sections of a CAR, each with its length. @param {Buffer} car */
function sections(car) {
  const out = [];
  for (let at = 0; at < car.length; ) {
    let [length, shift, start] = [0, 1, at];
    for (; ; shift *= 128) {
      const byte = car[start++];
      length += (byte & 127) * shift;
      if (byte < 128) break;
    }
    out.push(car.subarray(at, start + length));
    at = start + length;
  }
  return out;
}

const flip = (part) => (body) => {
  const copy = Buffer.from(body);
  if (copy.length) copy[Math.min(copy.length - 1, Math.floor(copy.length * part))] ^= 1;
  return copy.length ? copy : Buffer.from("x");
};
/** A change of the blocks' order where there is one, of the bytes otherwise. */
const reorder = (change) => (body, type) => {
  if (!type.startsWith(CAR)) return Buffer.from(body).reverse();
  const [header, ...blocks] = sections(body);
  return Buffer.concat([header, ...change(blocks)]);
};

/** Spoilers of a whole body. */
const BODIES = {
  "flip-first": flip(0),
  "flip-early": flip(0.1),
  "flip-middle": flip(0.5),
  "flip-late": flip(0.9),
  "flip-last": flip(1),
  "cut-half": (body) => body.subarray(0, body.length >> 1),
  "cut-one": (body) => body.subarray(0, Math.max(0, body.length - 1)),
  empty: () => Buffer.alloc(0),
  "reverse-blocks": reorder((blocks) => (blocks.length > 1 ? blocks.reverse() : [])),
  "swap-last-two": reorder((blocks) => (blocks.length > 2 ? [...blocks.slice(0, -2), ...blocks.slice(-2).reverse()] : [])),
  "drop-first": reorder((blocks) => blocks.slice(1)),
  "drop-last": reorder((blocks) => blocks.slice(0, -1)),
  html: () => Buffer.from("<!doctype html><title>please wait</title>"),
  json: () => Buffer.from('{"result":"a lie"}'),
};
/** Ways of not answering properly. They do not lie about bytes. */
const CONDUCTS = {
  extend: (response, body) => response.end(Buffer.concat([body, Buffer.from("more")])),
  repeat: (response, body) => response.end(Buffer.concat([body, body])),
  silent: () => {},
  stall: (response, body) => response.write(body.subarray(0, body.length >> 1)),
  drip: (response, body) => {
    response.write(body.subarray(0, 1));
    const timer = setInterval(() => response.write(Buffer.from("x")), 400);
    response.on("close", () => clearInterval(timer));
  },
  break: (response, body) => response.write(body.subarray(0, body.length >> 1), () => response.destroy()),
  flood: (response) => {
    const more = Buffer.alloc(1 << 20, "flood");
    const pour = () => {
      while (!response.destroyed && response.write(more));
      response.once("drain", pour);
    };
    pour();
  },
};
const REDIRECTS = {
  "to-file": "file:///etc/hostname",
  "to-data": "data:application/json,%7B%22result%22%3A%22a%20lie%22%7D",
  "to-javascript": "javascript:alert(1)",
  "to-ftp": "ftp://127.0.0.1/x",
  "to-credentials": "http://user:password@127.0.0.1:9/x",
};

/** Of these, what ends by the caller's time limits alone. */
const ENDLESS = ["silent", "stall", "drip"];

/** Every manner, by kind. */
export const MANNERS = {
  lies: [...Object.keys(BODIES), ...Object.keys(REDIRECTS), "other-block", "loop", "bomb", "says-raw", "says-car", "500", "404", "204"],
  conducts: Object.keys(CONDUCTS).filter((name) => !ENDLESS.includes(name)),
  endless: ENDLESS,
};

/**
 * Time limits for a manner. One that ends by them alone gets short ones, which still leave a busy machine time for an honest gateway's
 * answer. With all others no limit shall pass.
 * @param {string} manner
 */
export const limitsFor = (manner) => (ENDLESS.includes(manner) ? { timeout: 20, idleTimeout: 10 } : { timeout: 600, idleTimeout: 600 });

/**
 * @param {string} honest a gateway's URL, ending in /ipfs/
 * @param {string} other the CID of something else that it has
 */
export async function startHostileGateway(honest, other) {
  const counts = {};
  const server = createServer(async (request, response) => {
    response.on("error", () => {});
    response.setHeader("access-control-allow-origin", "*");
    const [, manner, , ...rest] = (request.url ?? "").split("/");
    counts[manner] = (counts[manner] ?? 0) + 1;
    if (request.headers.cookie || request.headers.authorization) counts.credentials = (counts.credentials ?? 0) + 1;
    if (REDIRECTS[manner]) return response.writeHead(302, { location: REDIRECTS[manner] }).end();
    if (manner === "loop") return response.writeHead(302, { location: request.url }).end();
    // A redirect to the truth is none of our business to refuse.
    if (manner === "to-honest") return response.writeHead(307, { location: honest + rest.join("/") }).end();
    if (/^\d+$/.test(manner)) return response.writeHead(Number(manner)).end();
    let path = rest.join("/");
    if (manner === "other-block") path = path.replace(/^[^/?]+/, other);
    const accept = request.headers.accept;
    try {
      const answer = await fetch(honest + path, { headers: accept ? { accept } : {} });
      const body = Buffer.from(await answer.arrayBuffer());
      const type = answer.headers.get("content-type") ?? "";
      const says = manner === "says-raw" ? "application/vnd.ipld.raw" : manner === "says-car" ? `${CAR}; version=1` : type;
      const head = { "content-type": says };
      if (answer.status !== 200) return response.writeHead(answer.status, head).end(body);
      if (manner === "bomb") return response.writeHead(200, { ...head, "content-encoding": "gzip" }).end(BOMB);
      response.writeHead(200, head);
      if (CONDUCTS[manner]) return CONDUCTS[manner](response, body);
      if (manner === "other-block") return response.end(body);
      if (manner === "says-raw" || manner === "says-car") return response.end(Buffer.from("neither"));
      response.end(BODIES[manner](body, type));
    } catch {
      response.destroy();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    at: (manner) => `${url}/${manner}/ipfs/`,
    counts,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A hundred megabytes in a hundred kilobytes. */
const BOMB = gzipSync(Buffer.alloc(100 << 20));
