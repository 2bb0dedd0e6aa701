// Chat, as a page would have it. Rendered in the page and on a server.
import { useEffect } from "react";
import { OpenGradientProvider, useCall, useChat, useOpenGradient, useOpg, useRead, useWallets } from "ogkit/react/opengradient";
import { formatEther, parseEther } from "ogkit/opengradient";

const WEATHER = { type: "function", function: { name: "weather", description: "The weather", parameters: { type: "object", properties: { city: { type: "string" } } } } };

function Wallet() {
  const wallets = useWallets();
  const { account, status, error, connect, disconnect } = useOpenGradient();
  const { data, loading, approve } = useOpg();
  const tees = useRead((og, signal) => og.llm.tees({ signal }), []);
  const same = useCall((og, options, account) => og.llm.getOpgState({ signal: options.signal }).then(() => account === og.account));
  return (
    <section>
      <p id="status">{status}</p>
      <p id="account">{account ?? "none"}</p>
      <p id="connect-error">{error ? error.code : "none"}</p>
      <p id="opg">{data ? `${formatEther(data.balance)} ${formatEther(data.allowance)} ${formatEther(data.spent)}` : loading ? "loading" : "none"}</p>
      <p id="tees">{tees.data?.length ?? "none"}</p>
      {wallets.map((wallet) => <button key={wallet.uuid} className="wallet" onClick={() => connect(wallet)}>{wallet.name}</button>)}
      <button id="disconnect" onClick={disconnect}>disconnect</button>
      <button id="approve-opg" onClick={() => approve.run(parseEther("5"))}>approve</button>
      <p id="approve-status">{approve.status} {approve.error?.code}</p>
      <button id="call" onClick={() => same.run(account)}>call</button>
      <p id="call-data">{String(same.data)}</p>
    </section>
  );
}

function Entry({ id, role, text, kept, reply }) {
  const { proof, payment, usage, toolCalls } = reply?.output ?? {};
  return (
    <li data-id={id} data-role={role} data-kept={kept} data-status={reply?.status} data-paid={reply?.paid} data-error={reply?.error?.code}>
      <span className="text">{text}</span>
      {proof && <em className="proof">proven by {proof.teeId}</em>}
      {payment && <em className="cost">{payment.reused ? "reused" : "new"} up to {formatEther(payment.amount)} from {payment.from}, {usage.totalTokens} tokens</em>}
      {toolCalls?.map((call) => <em className="call" key={call.id} data-id={call.id}>{call.function.name} {call.function.arguments}</em>)}
    </li>
  );
}

function Chat({ confirm, tools, initial }) {
  const chat = useChat({
    model: "openai/gpt-5", maxTokens: 60, confirmPayments: confirm, ...(tools ? { tools: [WEATHER] } : {}), ...(initial ? { initialMessages: initial } : {}),
  });
  useEffect(() => {
    globalThis.chat = chat;
  });
  const { messages, status, running, error, paid, proposal, canRetry, send, stop, retry, regenerate, approve, decline, reset } = chat;
  const ask = (form) => {
    form.preventDefault();
    void send(form.currentTarget.elements.question.value);
  };
  // The buttons come first: a list that grows above them would take them from under a double click.
  return (
    <section>
      <form onSubmit={ask}><input name="question" id="question" /><button id="send">send</button></form>
      <button id="stop" onClick={stop}>stop</button>
      <button id="retry" onClick={retry}>retry</button>
      <button id="regenerate" onClick={() => regenerate()}>regenerate</button>
      <button id="approve" onClick={approve}>approve</button>
      <button id="decline" onClick={decline}>decline</button>
      <button id="reset" onClick={() => reset()}>reset</button>
      <p id="chat">{status} {paid} {error?.code}</p>
      <p id="running">{String(running)} {String(canRetry)}</p>
      <ol>{messages.map((one) => <Entry key={one.id} {...one} />)}</ol>
      {proposal && <p id="proposal">{proposal.scheme} {formatEther(proposal.amount)} {proposal.token.symbol}</p>}
    </section>
  );
}

/** Asks as soon as it is there, which StrictMode has it do twice. */
function Greeter() {
  const { messages, send } = useChat({ model: "openai/gpt-5", maxTokens: 20 });
  const { og } = useOpenGradient();
  useEffect(() => {
    if (og) void send("Say hello");
  }, [og, send]);
  return <ul id="greeter">{messages.map((one) => <Entry key={one.id} {...one} />)}</ul>;
}

export const App = ({ network, greet, chat = true, confirm, tools, initial, verify = "final", max = 10n ** 17n }) => (
  <OpenGradientProvider network={network} verify={verify} policy={{ maxPerRequest: max, maxPerSession: 3n * 10n ** 17n }} onPayment={(proposal) => globalThis.look?.(proposal)}>
    <Wallet />
    {greet ? <Greeter /> : null}
    {chat ? <Chat confirm={confirm} tools={tools} initial={initial} /> : null}
  </OpenGradientProvider>
);
