// Builds what is missing, starts the devnet, serves the dApp and prints its address. With CHECK=1: does the main job
// headless, through the page and through the package, and exits 0 only if all of it happened.
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = (command, args) => execFileSync(command, args, { cwd: root, stdio: "inherit" });

console.log("demo: building the package");
run("node", ["scripts/pkg.mjs"]);
console.log("demo: building the dApp");
run("npx", ["--no-install", "vite", "build", "--config", "www/vite.config.ts", "--logLevel", "warn"]);

if (process.env.CHECK) {
  const { status } = spawnSync("node", ["tests/e2e/check.mjs"], { cwd: root, stdio: "inherit" });
  process.exit(status ?? 1);
}

const { startDevnet } = await import("../tests/devnet/index.mjs");
const { serve } = await import("../www/serve.mjs");
const { startOpenGradient } = await import("../tests/devnet/opengradient/index.mjs");
console.log("demo: starting the devnets");
const opengradient = await startOpenGradient({ pause: 40, idle: 100_000 });
const devnet = await startDevnet({ log: (text) => console.log(`provider: ${text}`) });
const page = await serve({ devnet, opengradient, port: Number(process.env.PORT ?? 0) });
console.log(`\ndemo: open ${page.url} for tasks, ${page.url}chat.html for chat\n      a development wallet is in the page; MetaMask and others are offered too when installed. Ctrl+C ends it.\n`);
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await page.close();
    await devnet.stop();
    await opengradient.stop();
    process.exit(0);
  });
}
