/** One page: connect, deposit, publish a service, publish a task, read and confirm the answer. */

import { networks, type Address, type Network } from "ogkit/ogpu";

import { section } from "./dom.js";
import { notice } from "./errors.js";
import { sourceScreen, taskScreen } from "./publish.js";
import { followTask } from "./responses.js";
import { kept, state } from "./state.js";
import { vaultScreen } from "./vault.js";
import { walletScreen } from "./wallet.js";

/** A devnet beside the page takes the public networks' place, and brings a development wallet. */
async function available(): Promise<readonly Network[]> {
  const reply = await fetch("./devnet.json").catch(() => undefined);
  if (!reply?.ok || !reply.headers.get("content-type")?.includes("json")) return [networks.mainnet, networks.testnet];
  const { accounts, ...network } = (await reply.json()) as Network & { accounts: { role: string; privateKey: Address }[] };
  const client = accounts.find(({ role }) => role === "client");
  if (client) {
    const { announceDevWallet } = await import("./dev-wallet/announce.js");
    announceDevWallet(network, client.privateKey);
  }
  return [network];
}

function connected(): void {
  vaultScreen();
  const task = taskScreen((published) => void followTask(published));
  sourceScreen((source) => task.use(source));
  const address = new URLSearchParams(location.hash.slice(1)).get("task") ?? kept().task;
  if (address && state.ogpu) {
    try {
      void followTask(state.ogpu.task(address as Address));
    } catch (error) {
      section("task").append(notice(error));
    }
  }
}

try {
  walletScreen(await available(), connected);
} catch (error) {
  section("wallet").replaceChildren(notice(error));
}
