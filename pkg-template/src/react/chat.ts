/** `useChat`: a conversation in a component. */

import { useEffect, useMemo, useState, useSyncExternalStore } from "react";

import { bag } from "../border.js";
import { Conversation, type ChatInput, type ChatSettings } from "./conversation.js";
import { useGiven } from "./provider.js";
import type { ChatMessage } from "../og-llm.js";
import type { TextGenerationOutput } from "../og-output.js";
import type { PaymentProposal } from "../wasm/opengradient/ogkit.js";
import type { ChatEntry, Paid, ReplyStatus } from "./messages.js";

/** What {@link useChat} gives. */
export interface UseChat {
  /** Everything that was said, failed and stopped answers too: see `kept`. */
  readonly messages: readonly ChatEntry[];
  /** Where the last request is, or how it ended. */
  readonly status: "idle" | ReplyStatus;
  /** Whether a request is under way: nothing else is asked meanwhile, so that a double click pays once. */
  readonly running: boolean;
  /** Why the last request failed. */
  readonly error: unknown;
  /** Whether the last request was paid. */
  readonly paid: Paid;
  /** The payment that is being confirmed or signed: what the wallet shows, and the most that can be charged. */
  readonly proposal: PaymentProposal | undefined;
  /** Lets the payment go to the wallet; only with `confirmPayments`. */
  readonly approve: () => void;
  /** Refuses the payment; only with `confirmPayments`. */
  readonly decline: () => void;
  /**
   * Says something: the user's text, whole messages, or the results of the tools that the last answer asked for. Resolves to the answer, and
   * to `undefined` when there is none: `error` tells why.
   */
  readonly send: (input: ChatInput) => Promise<TextGenerationOutput | undefined>;
  /**
   * Ends the request. What was signed stays signed: with `paid` at `"yes"` the answer was paid, and stays so; at `"maybe"` it may have been.
   * The wallet's window cannot be closed from here: who still approves there pays nothing, because the signature is not sent.
   */
  readonly stop: () => void;
  /** Whether nothing was paid for the last request, which failed or was stopped. */
  readonly canRetry: boolean;
  /** Makes the last request again. Does nothing unless `canRetry`, so it never pays twice; {@link UseChat.regenerate} pays again. */
  readonly retry: () => Promise<TextGenerationOutput | undefined>;
  /**
   * Has an answer (its id; default: the last) given anew: a new request, and a new payment. It and everything after it go out of the history,
   * and come back if the new answer does not.
   */
  readonly regenerate: (id?: string) => Promise<TextGenerationOutput | undefined>;
  /** Puts other words in the place of a message (its id) and asks. What came after it goes, as in {@link UseChat.regenerate}. */
  readonly edit: (id: string, input: string | ChatMessage) => Promise<TextGenerationOutput | undefined>;
  /** Ends the request and begins anew, with these messages or the initial ones. */
  readonly reset: (messages?: readonly ChatMessage[]) => void;
}

/**
 * A conversation with a model, in the enclaves of OpenGradient: streamed, proven, paid from the wallet. The newest settings count for the
 * next request. A request ends with its component.
 *
 * ```tsx
 * const { messages, send, running } = useChat({ model: TeeLlm.CLAUDE_HAIKU_4_5, maxTokens: 400 });
 * ```
 * @throws InvalidInputError
 */
export function useChat(given: ChatSettings): UseChat {
  const settings = bag(given, "settings");
  const { value: { og }, look } = useGiven();
  const [chat] = useState(() => new Conversation(settings.initialMessages));
  useEffect(() => {
    chat.setup = { og, settings, look };
  });
  useEffect(() => () => {
    chat.stop();
    // Whoever still holds `send` cannot pay from a page that does not show it.
    chat.setup = undefined;
  }, [chat]);
  const { messages, reply, proposal, running, canRetry } = useSyncExternalStore(chat.subscribe, chat.state, chat.state);
  return useMemo(() => {
    const { send, stop, retry, regenerate, edit, reset, approve, decline } = chat;
    return {
      messages, status: reply?.status ?? "idle", running, error: reply?.error, paid: reply?.paid ?? "no", proposal, canRetry,
      send, stop, retry, regenerate, edit, reset, approve, decline,
    };
  }, [chat, messages, reply, proposal, running, canRetry]);
}
