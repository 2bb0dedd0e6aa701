/** The chat page: connect, approve, ask, watch the answer come, see its proof. */

import { openGradientNetworks, type Address, type OpenGradientNetwork } from "ogkit/opengradient";

import { section } from "../dom.js";
import { notice } from "../errors.js";
import { approvalScreen } from "./approval.js";
import { connectScreen } from "./connect.js";
import { talkScreen } from "./talk.js";

interface Devnet {
  name: string;
  chainId: number;
  rpcUrl: string;
  opg: Address;
  registry: Address;
  accounts: { privateKey: Address }[];
}

/** A devnet beside the page takes the public network's place, and brings a development wallet. */
async function available(): Promise<OpenGradientNetwork> {
  const reply = await fetch("./opengradient.json").catch(() => undefined);
  if (!reply?.ok || !reply.headers.get("content-type")?.includes("json")) return openGradientNetworks.mainnet;
  const { name, chainId, rpcUrl, opg, registry, accounts } = (await reply.json()) as Devnet;
  const [client] = accounts;
  if (client) {
    const { announceDevWallet } = await import("../dev-wallet/announce.js");
    announceDevWallet({ chainId, rpcUrl }, client.privateKey);
  }
  return { name, payments: { chainId, name, rpcUrl, opg }, inference: { rpcUrl, chainId, registry } };
}

try {
  connectScreen(await available(), (og, refresh) => {
    const read = async (): Promise<void> => allowed(await refresh());
    const allowed = talkScreen(og, read);
    approvalScreen(og, read);
  });
} catch (error) {
  section("wallet").replaceChildren(notice(error));
}
