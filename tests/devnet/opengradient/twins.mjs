// Digital twins: chat with a key. The words are the small model's.
import { chat } from "./model.mjs";
import { bodyOf, json, listen } from "./web.mjs";

export const TWINS_KEY = "twins-devnet-key";
export const TWIN = "0x1abd463fd6244be4a1dc0f69e0b70cd5";

/** @param {{ host?: string, cors?: boolean }} [options] */
export async function startTwins({ host, cors } = {}) {
  const handle = async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const id = /^\/api\/v1\/twins\/([^/]+)\/chat$/.exec(pathname)?.[1];
    if (id === undefined) return json(response, 404, { detail: "Not Found" });
    if (request.method !== "POST") return json(response, 405, { detail: "Method Not Allowed" });
    const text = await bodyOf(request);
    if (request.headers["x-api-key"] !== TWINS_KEY) return json(response, 401, { detail: "Invalid API key" });
    if (decodeURIComponent(id) !== TWIN) return json(response, 404, { detail: "Twin not found" });
    let body;
    try {
      body = JSON.parse(text);
    } catch {}
    if (typeof body?.model !== "string" || !body.messages?.length) return json(response, 422, { detail: "model and messages are required" });
    if (!body.model.includes("/")) return json(response, 400, { detail: `Unknown model ${body.model}: a provider and a slash come first` });
    const { finish_reason, message, usage } = chat(body, text);
    json(response, 200, { id: "twin-1", object: "chat.completion", model: body.model, choices: [{ index: 0, finish_reason, message }], usage });
  };
  return listen(handle, { host, cors });
}
