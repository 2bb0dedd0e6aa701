/** Elements from data. Text goes in as text: nothing from chain, wallet or IPFS is ever parsed as HTML. */

import { formatEther } from "ogkit/ogpu";

type Child = Node | string | undefined | false;
type Attributes = Record<string, string | boolean | undefined | ((event: Event) => void)>;

/** `el("p", { class: "quiet" }, "text")`; functions become listeners. */
export function el<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (typeof value === "string") element.setAttribute(name, value);
  }
  element.append(...children.filter((child): child is Node | string => child !== undefined && child !== false));
  return element;
}

/** An amount for people: six decimals at most, cut rather than rounded up. */
export function amount(wei: bigint): string {
  return `${formatEther(wei - (wei % 10n ** 12n))} OGPU`;
}

/** The section with an id. */
export function section(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page lacks #${id}`);
  return found;
}

/** A labelled field. */
export function field(label: string, name: string, value: string, more: Attributes = {}): HTMLLabelElement {
  return el("label", {}, label, el("input", { name, value, autocomplete: "off", required: true, ...more }));
}

/** An address or hash, short, with a button that copies it and a link to the explorer where there is one. */
export function short(text: string, link?: string): HTMLElement {
  const shown = el("span", { class: "mono", title: text }, text.length > 20 ? `${text.slice(0, 10)}…${text.slice(-6)}` : text);
  const copy = el("button", { type: "button", class: "plain small", "aria-label": `Copy ${text}`, click: () => void copied() }, "Copy");
  const copied = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  };
  return el("span", {}, link ? el("a", { href: link, target: "_blank", rel: "noreferrer" }, shown) : shown, " ", copy);
}
