// The hooks for OpenGradient infer what the calls answer, and take what `connect` and `chat` take.
import {
  OpenGradientProvider, useCall, useChat, useOpenGradient, useOpg, useRead, type ChatEntry, type ChatReply, type Paid, type ReplyStatus,
} from "../../../pkg/react/opengradient.js";
import type { ChatMessage, OpenGradient, OpgApproval, PaymentProposal, Tee, TextGenerationOutput } from "../../../pkg/opengradient.js";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_ extends true>(): void => {};

export function Part({ saved }: { saved?: readonly ChatMessage[] }) {
  const { og, connect } = useOpenGradient();
  is<Same<typeof og, OpenGradient | undefined>>();
  // @ts-expect-error: payments bring the wallet to their chain by themselves
  void connect({ request: async () => [] }, { switchChain: false });
  const chat = useChat({ model: "openai/gpt-5", maxTokens: 5, initialMessages: saved, confirmPayments: true, teeId: "0x1" });
  is<Same<typeof chat.messages, readonly ChatEntry[]>>();
  is<Same<typeof chat.status, "idle" | ReplyStatus>>();
  is<Same<typeof chat.paid, Paid>>();
  is<Same<typeof chat.proposal, PaymentProposal | undefined>>();
  is<Same<ChatEntry["reply"], ChatReply | undefined>>();
  is<Same<ReturnType<typeof chat.send>, Promise<TextGenerationOutput | undefined>>>();
  void chat.send([{ role: "tool", tool_call_id: "1", content: "rain" }]);
  // @ts-expect-error: a tool's result says which call it is of
  void chat.send({ role: "tool", content: "rain" });
  // @ts-expect-error: the hook streams always
  useChat({ model: "openai/gpt-5", stream: false });
  const opg = useOpg();
  is<Same<NonNullable<typeof opg.data>["spent"], bigint>>();
  is<Same<typeof opg.approve.data, OpgApproval | undefined>>();
  // @ts-expect-error: an amount is a bigint
  void opg.approve.run(1);
  const tees = useRead((client, signal) => client.llm.tees({ signal }), []);
  is<Same<typeof tees.data, Tee[] | undefined>>();
  const ask = useCall((client, { signal }, prompt: string) => client.llm.completion({ model: "openai/gpt-5", prompt, signal }));
  is<Same<Parameters<typeof ask.run>, [prompt: string]>>();
  return <p>{chat.messages.map(({ text }) => text)}</p>;
}

export const page = <OpenGradientProvider network="testnet" verify="final" policy={{ maxPerRequest: 1n }} onPayment={({ amount }) => amount < 5n}><Part /></OpenGradientProvider>;
// @ts-expect-error: wallets are connected by the hook
export const with_ = <OpenGradientProvider wallet={{ request: async () => [] }}><Part /></OpenGradientProvider>;
