// The oldest version of each peer that package.json allows is the one in tests/oldest, and the types fit it. The layer `oldest` runs
// this beside the adapters' own tests.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const oldest = join(root, "tests/oldest");
const json = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));
const { peerDependencies: peers } = json("pkg-template/package.json");
const { devDependencies: installed } = json("tests/oldest/package.json");
/** `^6.7.0` and `>=6.7 <8` begin with 6.7.0. */
const floors = (range) => range.split("||").map((part) => [.../\d[\d.]*/.exec(part)[0].split("."), "0", "0"].slice(0, 3).join("."));

describe("the oldest peers", () => {
  let folder;
  before(() => {
    mkdirSync(join(root, "target"), { recursive: true });
    folder = mkdtempSync(join(root, "target/peers-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, range] of Object.entries(peers)) {
    test(`${name} ${range}`, () => {
      const [first, ...later] = floors(range);
      const alias = Object.keys(installed).find((key) => installed[key] === `npm:${name}@${first}`);
      assert.equal(json(join("tests/oldest/node_modules", alias ?? name, "package.json")).version, first);
      if (alias) assert.ok(later.includes(installed[name]), "its alias is beside the first of another major version");
    });
  }

  test("are what these tests are run with", async () => {
    const names = Object.keys(peers);
    writeFileSync(join(folder, "which.mjs"), `export default ${JSON.stringify(names)}.map((name) => import.meta.resolve(name));`);
    const { default: urls } = await import(pathToFileURL(join(folder, "which.mjs")));
    for (const [index, url] of urls.entries()) assert.ok(url.startsWith(pathToFileURL(join(oldest, "node_modules", names[index], "/")).href), `${url}: run me by the layer oldest`);
  });

  test("fit the types, ours and those of the tests", () => {
    cpSync(join(root, "pkg"), join(folder, "pkg"), { recursive: true, filter: (path) => !/\.(?:wasm|js|cjs|map|bin)$/.test(path) });
    cpSync(join(root, "tests/wallets/types"), join(folder, "tests/wallets/types"), { recursive: true });
    symlinkSync(join(oldest, "node_modules"), join(folder, "node_modules"));
    for (const ai of ["ai", "ai-6"]) {
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({
        extends: "./tests/wallets/types/tsconfig.json",
        compilerOptions: { skipLibCheck: false, rootDir: root, listFiles: true, paths: { ai: [`./node_modules/${ai}/dist/index.d.ts`] } },
        include: ["pkg", "tests"],
      }));
      const { stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["--project", "tsconfig.json"], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });
      const lines = stdout.split("\n");
      // Old libraries have faults of their own under a new TypeScript, which their users skip.
      assert.deepEqual(lines.filter((line) => /^(?:error|pkg|tests)\b.* TS\d/.test(line)), []);
      const reads = (...path) => lines.some((line) => line.startsWith(join(...path, "/")));
      for (const name of Object.keys(peers)) {
        const typed = name === "react" ? "@types/react" : name;
        assert.ok(reads(oldest, "node_modules", name === "ai" ? ai : typed) && !reads(root, "node_modules", typed), name);
      }
      assert.ok(lines.includes(join(folder, "pkg/react.d.ts")));
    }
  });
});
