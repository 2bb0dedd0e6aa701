import type { Eip1193Provider } from "ogkit/ogpu";

/** See wallet.mjs. */
export function createWallet(options: {
  privateKey: `0x${string}`;
  chains: Record<number | string, string>;
  chainId: number;
  approve?: (ask: { method: string; params: unknown; summary: Record<string, unknown> }) => boolean | Promise<boolean>;
  ignoreNonce?: boolean;
  batches?: { delegate: `0x${string}`; refuse?: number };
}): Eip1193Provider & {
  on(event: "accountsChanged", listener: (accounts: string[]) => void): void;
  user: { switchTo(chainId: number): void; lock(): void; connect(): void };
};
