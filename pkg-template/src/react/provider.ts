/** OpenGradient's provider: options and a wallet become a client. */

import { createContext, createElement, useContext, useEffect, useMemo, useRef, type ReactElement, type ReactNode } from "react";

import { invalidInput } from "../errors.js";
import { OpenGradient, type OnPayment, type OpenGradientOptions } from "../opengradient.js";
import { unwrapWallet, type DiscoveredWallet } from "../provider.js";
import { useConnection, useStable, type MakeClient, type WalletStatus } from "./connection.js";
import type { Address, Eip1193Provider } from "../wasm/opengradient/ogkit.js";

/** What {@link useOpenGradient} gives. */
export interface UseOpenGradient {
  /** The client; `undefined` as long as no wallet is connected. */
  readonly og: OpenGradient | undefined;
  /** The account that pays. */
  readonly account: Address | undefined;
  readonly status: WalletStatus;
  /** Why the last connection failed. */
  readonly error: unknown;
  /** Connects a wallet. Answers whether it did: a failure is in `error`. A second call takes the first one's place. */
  connect(wallet: Eip1193Provider | DiscoveredWallet, options?: Pick<OpenGradientOptions, "account">): Promise<boolean>;
  /** Forgets the wallet. The wallet itself is not told: EIP-1193 has no word for it. */
  disconnect(): void;
}

/**
 * How wallets are connected: everything that `OpenGradient.connect` takes beside the wallet. Other values, such as another `policy`, are
 * another setup, and the wallet must be connected again; functions may be written in place.
 */
export interface OpenGradientProviderProps extends Omit<OpenGradientOptions, "wallet" | "account" | "signal"> {
  readonly children?: ReactNode;
}

interface Given {
  readonly value: UseOpenGradient;
  /** The provider's `onPayment`, the newest one. */
  readonly look: OnPayment;
}
const Context = createContext<Given | undefined>(undefined);

type Choice = Pick<OpenGradientOptions, "account">;
const follow = (account: Address): Choice => ({ account });

/** Gives the hooks below it one way to connect, and one wallet. The limits of `policy` hold for each wallet object and account as long as it is mounted. */
export function OpenGradientProvider({ children, onPayment, fetch, ...given }: OpenGradientProviderProps): ReactElement {
  const options = useStable(given, "props");
  const newest = useRef({ onPayment, fetch });
  useEffect(() => {
    newest.current = { onPayment, fetch };
  });
  const look = useRef<OnPayment>((proposal) => newest.current.onPayment?.(proposal)).current;

  const make = useMemo<MakeClient<OpenGradient, Choice>>(() => {
    // Who comes back to an account goes on with its client: a new one would begin its limits anew.
    const known: { readonly provider: Eip1193Provider; readonly og: OpenGradient }[] = [];
    return async (wallet, choice) => {
      const og = await OpenGradient.connect({ ...options, ...choice, fetch: newest.current.fetch, wallet, onPayment: look });
      const provider = unwrapWallet(wallet);
      const before = known.find((one) => one.provider === provider && one.og.account === og.account);
      if (!before) known.push({ provider, og });
      else og.close();
      return before?.og ?? og;
    };
  }, [options, look]);
  const { client: og, status, error, connect, disconnect } = useConnection(make, follow);
  const value = useMemo<Given>(
    () => ({ value: { og, account: og?.account, status, error, connect, disconnect }, look }),
    [og, status, error, connect, disconnect, look],
  );
  return createElement(Context.Provider, { value }, children);
}

/** What the provider above gives. @throws InvalidInputError outside of an {@link OpenGradientProvider} */
export function useGiven(): Given {
  const value = useContext(Context);
  if (!value) throw invalidInput("OpenGradientProvider", "the hooks of ogkit/react/opengradient work only below <OpenGradientProvider>");
  return value;
}

/** The client and the wallet. @throws InvalidInputError outside of an {@link OpenGradientProvider} */
export function useOpenGradient(): UseOpenGradient {
  return useGiven().value;
}
