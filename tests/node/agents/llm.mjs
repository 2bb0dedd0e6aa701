// What the adapters talk to in the tests: a script that answers as `og.llm` does, and the devnet's enclave through the wallet.
import { preload } from "../../../pkg/load-opengradient.js";
import { OpenGradientCore } from "../../../pkg/wasm/opengradient/ogkit.js";
import { createWallet } from "../../devnet/wallet.mjs";

/** Answers in turn; `asked` has the requests. A list of chunks is a stream, an error is thrown, also in the middle of a stream. */
export function scripted(...answers) {
  const asked = [];
  return {
    asked,
    chat(request) {
      asked.push(request);
      const answer = answers.shift();
      if (request.stream) {
        return (async function* () {
          for (const chunk of Array.isArray(answer) ? answer : [answer]) {
            if (chunk instanceof Error) throw chunk;
            request.signal?.throwIfAborted();
            yield chunk;
          }
        })();
      }
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
}

/** The devnet's models, paid from a wallet, in the shape of `og.llm`. */
export async function devnetLlm(net) {
  await preload();
  const { privateKey } = net.accounts.find(({ role }) => role === "client");
  const wallet = createWallet({ privateKey, chains: { [net.chainId]: net.rpcUrl }, chainId: net.chainId });
  const network = {
    name: "devnet",
    payments: { chainId: net.chainId, rpcUrl: net.rpcUrl, opg: net.opg },
    inference: { rpcUrl: net.rpcUrl, registry: net.registry },
  };
  const core = await OpenGradientCore.connect({ wallet, network });
  await core.ensureApproval(10n ** 18n, 10n ** 18n);
  return {
    chat({ signal, ...request }) {
      if (!request.stream) return core.chat(request, false, undefined, { signal }).then((answer) => ({ ...answer, text: answer.content }));
      return (async function* () {
        const stream = await core.chatStream(request, false, undefined, { signal });
        try {
          for (let chunk = await stream.next(); chunk; chunk = await stream.next()) yield chunk;
        } finally {
          stream.end();
        }
      })();
    },
  };
}

export const MODEL = "openai/gpt-5";
export const usage = { promptTokens: 3, completionTokens: 2, totalTokens: 5 };
export const weather = { type: "function", function: { name: "weather", description: "The weather in a city", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } } };
export const call = (args = '{"city":"Köln"}') => ({ id: "call_1", type: "function", function: { name: "weather", arguments: args } });
