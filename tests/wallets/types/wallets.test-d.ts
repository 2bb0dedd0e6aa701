// The adapters take the libraries' own objects, as those libraries type them, without a cast.
import { createConfig, http as wagmiHttp, injected, mock, type Config, type Connector } from "@wagmi/core";
import { BrowserProvider, Wallet, type JsonRpcSigner, type Signer } from "ethers";
import { createPublicClient, createWalletClient, custom, http, type Account, type Address, type Chain, type WalletClient } from "viem";
import { mainnet } from "viem/chains";
import { privateKeyToAccount } from "viem/accounts";

import { fromEthers, toEthers } from "../../../pkg/ethers.js";
import { Ogpu, type DiscoveredWallet, type Eip1193Provider } from "../../../pkg/ogpu.js";
import { fromViem, toViem, viemChain } from "../../../pkg/viem.js";
import { fromWagmi, toWagmi } from "../../../pkg/wagmi.js";

declare const ogpu: Ogpu;
declare const provider: Eip1193Provider;
declare const found: DiscoveredWallet;
declare const signer: Signer;
declare const rpcSigner: JsonRpcSigner;
declare const anyConfig: Config;
declare const anyConnector: Connector;
declare const anyClient: WalletClient;
declare const bigint: bigint;

const account = privateKeyToAccount("0x");
const wallets: Eip1193Provider[] = [
  fromViem(createWalletClient({ account, chain: mainnet, transport: http() })),
  fromViem(createWalletClient({ account, transport: http() })),
  fromViem(createWalletClient({ transport: custom(provider) })),
  fromViem(createWalletClient({ account: "0x", chain: mainnet, transport: custom(provider) })),
  fromViem(anyClient),
  fromEthers(signer), fromEthers(rpcSigner), fromEthers(new Wallet("0x")),
  fromWagmi(createConfig({ chains: [mainnet], transports: { [mainnet.id]: wagmiHttp() }, connectors: [mock({ accounts: ["0x"] })] })),
  fromWagmi(anyConfig), fromWagmi(anyConnector),
];
for (const wallet of wallets) await Ogpu.connect({ wallet, network: "mainnet" });

const client = createWalletClient(toViem(ogpu, custom));
const both: [Address, Chain] = [client.account.address, client.chain];
createPublicClient(toViem(ogpu, custom));
createWalletClient({ account, ...toViem(provider, custom) });
createWalletClient(toViem(found, custom));
await client.sendTransaction({ to: "0x", value: bigint });
const chain: Chain = viemChain(ogpu.network);
const known: Account = account;
await new BrowserProvider(toEthers(ogpu), ogpu.network.chainId).getSigner();
new BrowserProvider(toEthers(found));
injected({ target: toWagmi(ogpu) });
injected({ target: toWagmi(found) });
void [both, chain, known];

// @ts-expect-error: a public client signs nothing
fromViem(createPublicClient({ transport: http() }));
// @ts-expect-error: a provider is no signer
fromEthers(provider);
