// A hundred uploads of 4 MB that never end, against a relay that may hold 64 MB; prints what became of them and of the memory.
import { request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import { relayed, upstream } from "./stage.mjs";

if (process.argv[2] === "serve") {
  const up = await upstream((_, response) => response.writeHead(200, { "content-type": "application/json" }).end("{}"));
  const relay = await relayed({ upstreams: [up.url], uploadTimeout: 6 });
  process.on("message", () => process.send({ rss: process.memoryUsage().rss }));
  process.send({ relay: relay.url, up: up.url });
} else {
  const child = fork(fileURLToPath(import.meta.url), ["serve"]);
  const told = () => new Promise((resolve) => child.once("message", resolve));
  const { relay, up } = await told();
  const rss = async () => (child.send("rss"), (await told()).rss);
  const url = `${relay}/og?url=${encodeURIComponent(`${up}/v1`)}`;
  const before = await rss();
  const chunk = Buffer.alloc(4 << 20, "x");
  const statuses = [];
  for (let i = 0; i < 100; i++) {
    const call = httpRequest(url, { method: "POST", agent: false });
    call.on("error", () => {}).on("response", (response) => (statuses.push(response.statusCode), response.resume()));
    call.write(chunk);
  }
  let most = 0;
  let last = -1;
  for (let i = 0; i < 60 && (last !== statuses.length || i < 15); i++) {
    last = statuses.length;
    most = Math.max(most, await rss());
    await sleep(100);
  }
  const refused = statuses.filter((status) => status === 429).length;
  const waiting = 100 - statuses.length;
  // The rest ends by its time-out.
  for (let i = 0; i < 150 && statuses.length < 100; i++) await sleep(100);
  const { status } = await fetch(url, { method: "POST", body: chunk });
  console.log(JSON.stringify({ refused, waiting, grown: most - before, after: status }));
  child.kill();
  process.exit();
}
