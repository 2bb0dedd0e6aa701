// abi/ogpu/*.sol → the TypeScript of `ogkit/abi`: one constant for each contract, exact enough (`as const`) for viem and
// wagmi to infer from. Made at each build, never kept: the Solidity is the only original.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);

/** `internalType` names Solidity's structs; nothing infers from it, and it is a quarter of the text. */
function lean(value) {
  if (Array.isArray(value)) return value.map(lean);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== "internalType").map(([key, inner]) => [key, lean(inner)]));
}

/** What the Solidity says of a contract before its first member. */
function title(source, name) {
  const notice = new RegExp(`/// @notice ([^\\n]*(?:\\n/// (?!@)[^\\n]*)*)\\n(?:///[^\\n]*\\n)*interface ${name}\\b`).exec(source)?.[1];
  return notice?.replaceAll("\n/// ", " ");
}

/**
 * @param {string} folder where the interfaces are
 * @returns {Record<string, { abi: object[], notice: string | undefined }>} by contract
 */
export function compileAbis(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".sol")).sort();
  const sources = Object.fromEntries(names.map((name) => [name, { content: readFileSync(join(folder, name), "utf8") }]));
  const settings = { outputSelection: { "*": { "*": ["abi"] } } };
  const output = JSON.parse(require("solc").compile(JSON.stringify({ language: "Solidity", sources, settings })));
  const errors = (output.errors ?? []).filter(({ severity }) => severity === "error");
  if (errors.length) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join("\n"));
  const contracts = {};
  for (const file of names) {
    for (const [name, { abi }] of Object.entries(output.contracts[file])) {
      contracts[name] = { abi: lean(abi), notice: title(sources[file].content, name) };
    }
  }
  return contracts;
}

/** The module's text. */
export function abiModule(folder) {
  const head = [
    "/**",
    " * `ogkit/abi`: the ABIs of the OpenGPU contracts as constants that viem, wagmi and abitype infer from. Mainnet's; what",
    " * testnet lacks is marked in the Solidity they are made from.",
    " */",
  ];
  const constants = Object.entries(compileAbis(folder)).map(([name, { abi, notice }]) => {
    const entries = abi.map((entry) => `  ${JSON.stringify(entry)},`).join("\n");
    return `/** ${name}${notice ? `: ${notice}` : ""} */\nexport const ${name.toLowerCase()}Abi = [\n${entries}\n] as const;`;
  });
  return `${head.join("\n")}\n\n${constants.join("\n\n")}\n`;
}
