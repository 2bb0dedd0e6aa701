// Hooks that are given anything: a component fails with a typed error, for the boundary around it. Found by `make fuzz`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createElement } from "react";
import { renderToString } from "react-dom/server";

import { isOgError } from "../../pkg/ogpu.js";
import { OgkitProvider, useCall, useOgpu, useRead, useTask, useTaskEvents } from "../../pkg/react.js";
import { OpenGradientProvider, useChat, useOpenGradient, useRead as useReadOpenGradient } from "../../pkg/react/opengradient.js";

const revoked = (target) => { const { proxy, revoke } = Proxy.revocable(target, {}); revoke(); return proxy; };
const read = async () => 1;
const cycle = {};
cycle.self = cycle;
const endless = Object.assign([], { *[Symbol.iterator]() { for (;;) yield 1; } });

/** Renders a component that uses a hook, as a server does; below a provider, unless there is none. */
function render(hook, provider, props) {
  const Component = () => (hook(), null);
  const inner = createElement(Component);
  return renderToString(provider ? createElement(provider, props, inner) : inner);
}
const refused = (run, what) => assert.throws(run, (error) => isOgError(error, "invalidInput") || assert.fail(`${what}: ${error}`));
const ogpu = (hook, props = { network: "mainnet" }) => render(hook, OgkitProvider, props);
const opengradient = (hook, props = {}) => render(hook, OpenGradientProvider, props);

test("outside of a provider", () => {
  for (const hook of [useOgpu, () => useRead(read, []), useOpenGradient, () => useChat({ model: "a/b" })]) refused(() => render(hook), String(hook));
});

test("arguments of every kind", () => {
  for (const hook of [
    () => useRead(), () => useRead(read), () => useRead(read, 1), () => useRead(read, new Array(2 ** 32 - 1)), () => useRead(read, revoked([])), () => useRead(read, [], revoked({})), () => useCall(), () => useTask("0x", 1),
    () => useTaskEvents("0x", revoked({})),
  ]) refused(() => ogpu(hook), String(hook));
  for (const hook of [
    () => useReadOpenGradient(read), () => useChat(1), () => useChat(revoked({})), () => useChat({ initialMessages: 1 }), () => useChat({ initialMessages: [null] }), () => useChat({ initialMessages: new Array(2 ** 32 - 1) }),
    () => useChat({ initialMessages: [revoked({})] }), () => useChat({ initialMessages: [{ role: "user", content: new Array(2 ** 32 - 1) }] }),
  ]) refused(() => opengradient(hook), String(hook));
  // Read by its indices; and parts that are no texts have none.
  ogpu(() => useRead(read, endless));
  opengradient(() => useChat());
  opengradient(() => {
    const { messages } = useChat({ model: "a/b", initialMessages: [{ role: "user", content: [null, "a", { text: 1 }, { text: "b" }] }, { role: "user", content: 1 }] });
    assert.deepEqual(messages.map(({ text }) => text), ["ab", ""]);
  });
});

test("props of every kind", () => {
  for (const network of [revoked({}), cycle, { get chainId() { throw new Error("mine"); } }]) refused(() => ogpu(useOgpu, { network }), "network");
  for (const policy of [revoked({}), cycle]) refused(() => opengradient(useOpenGradient, { policy }), "policy");
});

test("what a conversation is told is refused by its promise, or at once", async () => {
  let chat;
  opengradient(() => void (chat = useChat({ model: "a/b" })));
  for (const input of [revoked([]), [null], [1], { content: new Array(2 ** 32 - 1) }]) await assert.rejects(chat.send(input), (error) => isOgError(error, "invalidInput"));
  for (const messages of [revoked([]), [null]]) refused(() => chat.reset(messages), "reset");
});
