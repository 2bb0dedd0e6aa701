// The model hub: repositories, versions, files. A file is not kept: its bytes are counted and its CID computed as they come.
import { randomBytes } from "node:crypto";

import { fileCid } from "../cid.mjs";
import { readParts } from "./multipart.mjs";
import { bodyOf, json, listen } from "./web.mjs";

const PREFIX = "/api/v0";

/** @returns {Promise<{ cid: string, size: number }>} of a file that is read once */
async function measure(content, progress) {
  const counted = (async function* () {
    let size = 0;
    for await (const chunk of content) {
      size += chunk.length;
      progress(size);
      yield chunk;
    }
  })();
  return fileCid(counted);
}

/**
 * @param {{ identity: { whose(token: string): string | undefined }, host?: string, cors?: boolean }} options
 */
export async function startHub({ identity, host, cors }) {
  const models = new Map();
  const uploads = [];
  const refuse = (response, status, detail) => json(response, status, { detail });

  const createModel = async (request, response, owner) => {
    const { name, description } = await bodyJson(request);
    if (typeof name !== "string" || !/\S/.test(name) || name.length > 200) return refuse(response, 422, [{ loc: ["body", "name"], msg: "field required", type: "value_error.missing" }]);
    if (models.has(name)) return refuse(response, 409, `Model ${name} already exists`);
    const model = { name, description: description ?? "", owner, createdAt: new Date().toISOString(), versions: new Map() };
    models.set(name, model);
    const { versions, ...rest } = model;
    json(response, 201, { id: models.size, ...rest });
  };
  const createVersion = async (request, response, model) => {
    const { notes = "", is_major = false } = await bodyJson(request);
    const [major, minor] = ([...model.versions.keys()].at(-1) ?? "0.00").split(".").map(Number);
    const versionString = is_major ? `${major + 1}.00` : `${major}.${String(minor + 1).padStart(2, "0")}`;
    model.versions.set(versionString, { notes, files: [] });
    if (hub.silent) return json(response, 200, []);
    json(response, 201, { versionString, notes, modelName: model.name });
  };
  const upload = async (request, response, files) => {
    const found = [];
    const state = { received: 0, done: false };
    uploads.push(state);
    try {
      await readParts(request, request.headers["content-type"], async ({ name, filename, type, content }) => {
        if (name === "file" && filename !== undefined) found.push({ name: filename, type, ...(await measure(content, (size) => (state.received = size))) });
        else for await (const _ of content);
      });
    } catch (error) {
      return refuse(response, 400, `There was an error parsing the body: ${error.message}`);
    }
    state.done = true;
    if (found.length !== 1) return refuse(response, 422, [{ loc: ["body", "file"], msg: "field required", type: "value_error.missing" }]);
    const [{ name, cid, size }] = found;
    const ipfsCid = hub.cids === "other" ? OTHER : hub.cids === "walrus" ? randomBytes(32).toString("base64url") : cid;
    const file = { name, ipfsCid, size, createdAt: new Date().toISOString() };
    files.push(file);
    if (hub.silent) return response.writeHead(201, { "content-type": "application/json" }).end("null");
    json(response, 201, { ipfsCid, size });
  };

  const handle = async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (!pathname.startsWith(`${PREFIX}/`)) return refuse(response, 404, "Not Found");
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (!token) return refuse(response, 403, "Not authenticated");
    const owner = identity.whose(token);
    if (!owner) return refuse(response, 401, "Invalid or expired token");
    const failing = hub.failures.shift();
    if (failing) return response.writeHead(failing.status, { "content-type": failing.type ?? "application/json" }).end(failing.body);

    const [, ...steps] = pathname.slice(PREFIX.length).split("/").map(decodeURIComponent);
    const slash = steps.at(-1) === "";
    if (slash) steps.pop();
    const [root, name, second, version, files] = steps;
    const is = (method, length) => request.method === method && steps.length === length && root === "models";
    // Its framework wants one slash more here and one less there, and redirects to the other form.
    if (is("POST", 1) && !slash) return response.writeHead(307, { location: `${PREFIX}/models/` }).end();
    if (is("POST", 3) && slash) return response.writeHead(307, { location: pathname.slice(0, -1) }).end();
    try {
      if (is("POST", 1)) return await createModel(request, response, owner);
      const model = models.get(name);
      if (root === "models" && name !== undefined && !model) return refuse(response, 404, `Model ${name} not found`);
      if (second === "versions" && model) {
        if (is("POST", 3)) return await createVersion(request, response, model);
        const found = model.versions.get(version);
        if (files === "files" && !found) return refuse(response, 404, `Version ${version} of model ${name} not found`);
        if (files === "files" && is("GET", 5)) return json(response, 200, found.files);
        if (files === "files" && is("POST", 5)) return await upload(request, response, found.files);
      }
    } catch (error) {
      if (error instanceof SyntaxError) return refuse(response, 422, [{ loc: ["body"], msg: "value is not a valid JSON", type: "value_error.jsondecode" }]);
      throw error;
    }
    refuse(response, steps.length ? 405 : 404, steps.length ? "Method Not Allowed" : "Not Found");
  };
  const server = await listen(handle, { host, cors });
  const hub = {
    ...server,
    url: `${server.url}${PREFIX}`,
    models,
    /** What was received of each upload. */
    uploads,
    /** "own": the file's CID. "other": one of another file. "walrus": an id of another store, which says nothing of the bytes. */
    cids: "own",
    /** True: no content where the real one left it out at times: [] for a version, null for a file. */
    silent: false,
    /** Answers for the next requests, in place of the real ones. @type {{ status: number, body: string, type?: string }[]} */
    failures: [],
  };
  return hub;
}

const OTHER = "QmSvPd3sHK7iWgZuW47fyLy4CaZQe2DwxvRhrJ39VpBVMK";
const bodyJson = async (request) => JSON.parse(await bodyOf(request)) ?? {};
