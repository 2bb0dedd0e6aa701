// What must compile, and what must not.
import {
  OpenGradient, SettlementMode, TeeLlm, fetchWithPayment, getPayment, init, isOgError, parseUnits,
  type Address, type AssistantMessage, type ChatRequest, type Eip1193Provider, type OpgApproval, type PaymentProposal, type PaymentReceipt,
  type PaymentRecord, type PendingTextGenerationStream, type StreamChunk, type Tee, type TeeProof, type TextGenerationOutput,
  type TextGenerationStream, type ToolCall,
} from "../../../pkg/opengradient.js";
import { OpenGradient as Slim, init as load } from "../../../pkg/opengradient/slim.js";
import { Ogpu, OpenGradient as Both } from "../../../pkg/index.js";
import { createRelay, toNodeHandler } from "../../../pkg/relay.js";

declare const provider: Eip1193Provider;
declare const address: Address;
declare const request: ChatRequest;

/** True when both are the same type; `any` is the same as nothing but itself. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_ extends true>(): void => {};

is<Same<typeof Both, typeof OpenGradient>>();
is<Same<typeof Slim, typeof OpenGradient>>();
is<Same<ReturnType<typeof load>, Promise<void>>>();
is<Same<typeof init, typeof OpenGradient.connect>>();
void Ogpu;

using og = await OpenGradient.connect({
  wallet: provider,
  policy: { maxPerRequest: parseUnits("0.1", 18), maxPerWindow: { amount: 1n, seconds: 60 }, payees: [address] },
  onPayment: async (proposal) => {
    is<Same<typeof proposal, PaymentProposal>>();
    return proposal.amount < 5n;
  },
  verify: "final", settlement: SettlementMode.PRIVATE,
});
is<Same<typeof og, OpenGradient>>();
is<Same<typeof og.account, Address>>();
const messages = [{ role: "system", content: "Be brief." }, { role: "user", content: ["x", { type: "image_url", image_url: { url: "data:," } }] }] as const;

// Each way of asking has its own result.
const whole = og.llm.chat({ model: TeeLlm.CLAUDE_HAIKU_4_5, messages });
is<Same<typeof whole, Promise<TextGenerationOutput>>>();
const plain = og.llm.chat({ model: "vendor/unknown", messages, stream: false });
is<Same<typeof plain, Promise<TextGenerationOutput>>>();
const stream = og.llm.chat({ model: TeeLlm.GPT_5, messages, stream: true });
is<Same<typeof stream, PendingTextGenerationStream>>();
is<Same<Awaited<typeof stream>, TextGenerationStream>>();
const either = og.llm.chat(request);
is<Same<typeof either, PendingTextGenerationStream | Promise<TextGenerationOutput>>>();

is<Same<typeof stream.payment, PaymentRecord | undefined>>();
void og.llm.completion({ model: TeeLlm.GPT_5, prompt: "x", onPayment: ({ amount }) => amount < 5n });
// @ts-expect-error a yes or a no
void og.llm.chat({ model: TeeLlm.GPT_5, messages, onPayment: () => "yes" });

for await (const chunk of stream) {
  is<Same<typeof chunk, StreamChunk>>();
  is<Same<(typeof chunk.choices)[0]["delta"]["content"], string | undefined>>();
  if (chunk.isFinal) is<Same<typeof chunk.proof, TeeProof | undefined>>();
  // @ts-expect-error only the final chunk has a proof
  else chunk.proof;
}
is<Same<ReturnType<typeof stream.text>, Promise<string>>>();
is<Same<ReturnType<typeof stream.output>, Promise<TextGenerationOutput>>>();
const output = await whole;
is<Same<typeof output.toolCalls, readonly ToolCall[] | undefined>>();
is<Same<typeof output.chatOutput, AssistantMessage | undefined>>();
is<Same<typeof output.receipt, PaymentReceipt | undefined>>();
if (output.proof) is<Same<typeof output.proof.covers, "text" | "toolCalls">>();
void OpenGradient.connect({ wallet: provider, maxSkew: 30, inlineImages: true });
// An answer goes back into the next request as it is.
if (output.chatOutput) void og.llm.chat({ model: TeeLlm.GPT_5, messages: [...messages, output.chatOutput] });
is<Same<ReturnType<typeof og.llm.completion>, Promise<TextGenerationOutput>>>();
is<Same<ReturnType<typeof og.llm.ensureOpgApproval>, Promise<OpgApproval>>>();
is<Same<ReturnType<typeof og.llm.tees>, Promise<Tee[]>>>();
is<Same<ReturnType<typeof og.spent>, Promise<bigint>>>();
void og.llm.ensureOpgApproval({ minAllowance: 1n, approveAmount: 2n, signal: AbortSignal.timeout(1) });
void og.llm.ensureOpgApproval({ opgAmount: 1n });
og.on("chainChanged", (chainId) => is<Same<typeof chainId, number>>());

const response = await fetchWithPayment("https://x.example", { method: "POST" }, { wallet: provider, policy: { assets: [{ chainId: 8453, address, maxPerRequest: 1n }] } });
is<Same<typeof response, Response>>();
const paid = getPayment(response);
if (paid) is<Same<typeof paid.payment, PaymentRecord>>();

const relay = createRelay({ upstreams: () => OpenGradient.tees({ network: "testnet" }), origins: ["https://my.page"] });
is<Same<typeof relay, (request: Request) => Promise<Response>>>();
void toNodeHandler(relay);

try {
  await whole;
} catch (error) {
  if (isOgError(error, "paymentRefused")) is<Same<typeof error.asked, bigint | undefined>>();
  if (isOgError(error, "proofFailed") && ["toolCalls", "replayed", "timestamp"].includes(error.check)) is<Same<typeof error.reason, string>>();
  // @ts-expect-error not a check
  if (isOgError(error, "proofFailed") && error.check === "age") throw error;
  if (isOgError(error, "paymentUncertain")) is<Same<typeof error.nonce, string>>();
  if (isOgError(error) && error.code === "paymentRejected") is<Same<typeof error.class, "user" | "expired" | "server" | "refused">>();
}

// @ts-expect-error prompts are for completions
void og.llm.chat({ model: TeeLlm.GPT_5, prompt: "x" });
// @ts-expect-error a network of one's own has a registry, not a name of ours
void OpenGradient.connect({ wallet: provider, network: "devnet" });
// @ts-expect-error amounts are bigint
void og.llm.ensureOpgApproval({ minAllowance: 5 });
// @ts-expect-error a wallet is needed
void OpenGradient.connect({});
// @ts-expect-error unknown modes are refused
void og.llm.chat({ model: TeeLlm.GPT_5, messages, x402SettlementMode: "free" });
// @ts-expect-error a tool's answer names its call
void og.llm.chat({ model: TeeLlm.GPT_5, messages: [{ role: "tool", content: "x" }] });
