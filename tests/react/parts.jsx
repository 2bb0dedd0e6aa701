// Rendered in the page and on a server.
import { useState } from "react";
import { OgkitProvider, useCall, useOgpu, usePublishTask, useRead, useTask, useTaskEvents, useWallets } from "ogkit/react";
import { formatEther, parseEther } from "ogkit/ogpu";

function Wallet() {
  const wallets = useWallets();
  const { account, status, error, connect, disconnect } = useOgpu();
  return (
    <section>
      <p id="status">{status}</p>
      <p id="account">{account ?? "none"}</p>
      <p id="error">{error ? error.code : "none"}</p>
      {wallets.map((wallet) => <button key={wallet.uuid} className="wallet" onClick={() => connect(wallet)}>{wallet.name}</button>)}
      <button id="disconnect" onClick={disconnect}>disconnect</button>
    </section>
  );
}

function Money() {
  const { account } = useOgpu();
  const balance = useRead((ogpu, signal) => ogpu.vault.getBalanceOf(account, { signal }), [account], { enabled: account !== undefined });
  const deposit = useCall((ogpu, options, amount) => ogpu.vault.deposit(ogpu.account, amount, options));
  return (
    <section>
      <p id="balance">{balance.data === undefined ? "?" : formatEther(balance.data)}</p>
      <button id="deposit" onClick={async () => { await deposit.run(parseEther("1")); balance.refresh(); }}>deposit</button>
      <p id="deposit-status">{deposit.status} {deposit.error?.code} {deposit.progress?.kind}</p>
    </section>
  );
}

function Job() {
  const { ogpu, account } = useOgpu();
  const [source, setSource] = useState();
  const publish = usePublishTask();
  const address = publish.data?.address;
  const task = useTask(address, { pollInterval: 0.2 });
  const { events } = useTaskEvents(address, { fromBlock: publish.data?.receipt?.blockNumber, pollInterval: 0.2 });
  const begin = async () => {
    const made = await ogpu.publishSource({
      name: "Sentiment", description: "", logoUrl: "", imageEnvs: { cpu: "https://example.com/docker-compose.yml" }, minPayment: 1n, minAvailableLockup: 1n, maxExpiryDuration: 3600,
    });
    setSource(made.address);
    await publish.run({ source: made.address, config: { functionName: "predict", data: { text: "great" } }, expiryTime: Math.floor(Date.now() / 1000) + 600, payment: parseEther("0.1") });
  };
  return (
    <section>
      <button id="publish" disabled={!account} onClick={begin}>publish</button>
      <p id="source">{source ?? "none"}</p>
      <p id="publish-status">{publish.status} {publish.error?.code}</p>
      <p id="task">{task.data?.status ?? (task.loading ? "loading" : "none")}</p>
      <p id="events" data-logs={events.map(({ transactionHash, logIndex }) => `${transactionHash}:${logIndex}`).join(" ")}>{events.map(({ type }) => type).join(" ")}</p>
    </section>
  );
}

function Unknown() {
  const { error, loading } = useRead((ogpu, signal) => ogpu.task("0x000000000000000000000000000000000000dEaD").snapshot({ signal }), []);
  return <p id="unknown">{loading ? "loading" : error?.code}</p>;
}

export const App = ({ network }) => <OgkitProvider network={network}><Wallet /><Money /><Job /><Unknown /></OgkitProvider>;
