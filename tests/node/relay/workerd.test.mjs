// The relay as a Cloudflare Worker: in workerd itself, with and without its Node modules.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { eventually, raw, refused, serve, upstream } from "./stage.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));

async function freePort() {
  const server = await serve(() => {});
  await server.stop();
  return server.port;
}

describe("workerd", () => {
  for (const flags of [[], ["nodejs_compat"]]) {
    test(flags.join() || "plain", async () => {
      const folder = mkdtempSync(join(tmpdir(), "ogkit-relay-"));
      const up = await upstream((request, response) => {
        if (request.url === "/html") return response.writeHead(200, { "content-type": "text/html" }).end("<p>");
        response.writeHead(200, { "content-type": "text/event-stream", "set-cookie": "a=b", "payment-response": "r" }).write("data: 1\n\n");
        return request.url === "/stall" ? undefined : response.end();
      });
      const port = await freePort();
      const entry = join(folder, "in.js");
      writeFileSync(entry, `
        import { createRelay } from ${JSON.stringify(join(root, "pkg/relay.js"))};
        export default { fetch: createRelay({ upstreams: ["${up.url}", { endpoint: "http://10.0.0.1" }, { endpoint: "http://tee.example" }], idleTimeout: 0.3, resolve: async () => ["10.0.0.1"] }) };`);
      await build({ entryPoints: [entry], bundle: true, format: "esm", outfile: join(folder, "worker.js"), logLevel: "error" });
      writeFileSync(join(folder, "config.capnp"), `using Workerd = import "/workerd/workerd.capnp";
        const config :Workerd.Config = (
          services = [(name = "main", worker = (modules = [(name = "worker", esModule = embed "worker.js")], compatibilityDate = "2025-11-01", compatibilityFlags = ${JSON.stringify(flags)})),
            (name = "internet", network = (allow = ["public", "private"]))],
          sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]);`);
      const workerd = spawn(join(root, `node_modules/@cloudflare/workerd-${process.platform}-64/bin/workerd`), ["serve", "config.capnp"], { cwd: folder, stdio: "ignore" });
      const at = (target) => `http://127.0.0.1:${port}/?url=${encodeURIComponent(target)}`;
      try {
        await eventually(() => fetch(at("")).then(() => true, () => false), "workerd answers");
        const { status, headers, text } = await raw(at(`${up.url}/v1`), { method: "POST", headers: { cookie: "a=b", "x-payment": "p" }, body: "question" });
        assert.deepEqual([status, text, headers["payment-response"], headers["set-cookie"]], [200, "data: 1\n\n", "r", undefined]);
        assert.match(headers["content-security-policy"], /^sandbox/);
        assert.deepEqual([up.seen[0].body, up.seen[0].headers["x-payment"], up.seen[0].headers.cookie], ["question", "p", undefined]);
        assert.equal((await refused(await fetch(at(`${up.url}/html`)))).reason, "mediaType");
        for (const target of ["http://10.0.0.1/v1", "http://tee.example/v1"]) assert.equal((await refused(await fetch(at(target)))).reason, "privateAddress");
        const reader = (await fetch(at(`${up.url}/stall`))).body.getReader();
        await assert.rejects(async () => { for (;;) if ((await reader.read()).done) return; });
      } finally {
        const over = new Promise((resolve) => workerd.once("exit", resolve));
        workerd.kill();
        await over;
        await up.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});
