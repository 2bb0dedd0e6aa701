// What needs a script: search, and buttons that copy code. Without it every page is readable, and search is not shown.
const root = document.currentScript.dataset.root;
const input = document.getElementById("search");
const list = document.getElementById("found");
let chosen = -1;

function load() {
  if (document.getElementById("index")) return;
  const script = document.createElement("script");
  script.id = "index";
  script.src = `${root}search-index.js`;
  script.addEventListener("load", show);
  document.head.append(script);
}

function score(name, words) {
  const text = name.toLowerCase();
  if (!words.every((word) => text.includes(word))) return 0;
  const whole = words.join(" ");
  return (text === whole ? 100 : 0) + (text.endsWith(`.${whole}`) ? 50 : 0) + (text.startsWith(words[0]) ? 20 : 0) + 10 / text.length + 1;
}

function show() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = globalThis.searchIndex ?? [];
  const hits = words.length ? all.map((entry) => [score(entry[0], words), entry]).filter(([points]) => points).sort((a, b) => b[0] - a[0]).slice(0, 12) : [];
  chosen = hits.length ? 0 : -1;
  list.replaceChildren(...hits.map(([, [name, path, where]], index) => {
    const item = document.createElement("li");
    item.id = `found-${index}`;
    item.setAttribute("role", "option");
    const link = document.createElement("a");
    link.href = root + path;
    link.tabIndex = -1;
    link.textContent = name;
    const small = document.createElement("small");
    small.textContent = where;
    link.append(small);
    item.append(link);
    return item;
  }));
  list.hidden = hits.length === 0;
  input.setAttribute("aria-expanded", String(hits.length > 0));
  mark();
}

function mark() {
  [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === chosen)));
  if (chosen >= 0) {
    input.setAttribute("aria-activedescendant", `found-${chosen}`);
    list.children[chosen].scrollIntoView({ block: "nearest" });
  } else input.removeAttribute("aria-activedescendant");
}

input.closest("search").hidden = false;
input.addEventListener("focus", load);
input.addEventListener("input", show);
input.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") chosen = Math.min(chosen + 1, list.children.length - 1);
  else if (event.key === "ArrowUp") chosen = Math.max(chosen - 1, 0);
  else if (event.key === "Enter") return list.children[chosen]?.querySelector("a").click();
  else if (event.key === "Escape") {
    input.value = "";
    return show();
  } else return;
  event.preventDefault();
  mark();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, textarea")) return;
  event.preventDefault();
  input.focus();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("search")) list.hidden = true;
});

for (const block of document.querySelectorAll("pre:not(.signature)")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const code = block.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(code);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select it by hand";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  block.append(button);
}
