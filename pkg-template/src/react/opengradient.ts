"use client";
/**
 * `ogkit/react/opengradient`: hooks for OpenGradient: the connected client, chat, OPG, and any other read or call. Apart from `ogkit/react`, so
 * that a page loads the WebAssembly of the network that it uses and no other. As safe on servers and in StrictMode.
 */

import { useCallback } from "react";

import { bag } from "../border.js";
import { useCallWith, useReadWith, type CallContext, type UseCall, type UseRead } from "./calls.js";
import { useOpenGradient } from "./provider.js";
import type { OpenGradient, OpgApproval, OpgState } from "../opengradient.js";

export { useWallets, type WalletStatus } from "./connection.js";
export { OpenGradientProvider, useOpenGradient, type OpenGradientProviderProps, type UseOpenGradient } from "./provider.js";
export { useChat, type UseChat } from "./chat.js";
export type { ChatInput, ChatSettings } from "./conversation.js";
export type { ChatEntry, ChatReply, Paid, ReplyStatus } from "./messages.js";
export type { CallContext, UseCall, UseRead } from "./calls.js";

/**
 * Reads something with the client, again whenever `keys` change, and ends the request when the component goes.
 *
 * ```ts
 * const { data } = useRead((og, signal) => og.llm.tees({ signal }), []);
 * ```
 */
export function useRead<T>(read: (og: OpenGradient, signal: AbortSignal) => Promise<T>, keys: readonly unknown[], options?: { enabled?: boolean }): UseRead<T> {
  const { og } = useOpenGradient();
  // Without a wallet nothing is on its way.
  return useReadWith(og, read, keys, { enabled: og !== undefined && bag(options, "options").enabled !== false });
}

/**
 * A call that the user starts, such as an inference on chain. It is not ended with the component, because a transaction that is out must be
 * followed; only its news are. One runs at a time: a second `run` while one is under way is refused.
 */
export function useCall<Args extends unknown[], T>(call: (og: OpenGradient, options: CallContext, ...args: Args) => Promise<T>): UseCall<Args, T> {
  return useCallWith(useOpenGradient().og, call);
}

/** An account's OPG in the smallest unit, and what its client signed for: see `og.spent()`. */
export interface Opg extends OpgState {
  readonly spent: bigint;
}

/** What {@link useOpg} gives. */
export interface UseOpg extends UseRead<Opg> {
  /** Lets Permit2 move so much OPG, at least 0.1: one transaction, and none where the allowance is enough already. Reads again afterwards. */
  readonly approve: UseCall<[amount: bigint], OpgApproval>;
}

/** The account's OPG: its balance, what payments may move, what was signed for. Call `refresh` after an answer. */
export function useOpg(): UseOpg {
  const read = useRead(async (og, signal): Promise<Opg> => {
    const [state, spent] = await Promise.all([og.llm.getOpgState({ signal }), og.spent({ signal })]);
    return { ...state, spent };
  }, []);
  const approve = useCall((og, options, amount: bigint) => og.llm.ensureOpgApproval({ minAllowance: amount, approveAmount: amount, ...options }));
  const { refresh } = read;
  const { run } = approve;
  const approved = useCallback(async (amount: bigint) => {
    const done = await run(amount);
    refresh();
    return done;
  }, [run, refresh]);
  return { ...read, approve: { ...approve, run: approved } };
}
