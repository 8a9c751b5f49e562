// The keyboard map. Links name their keys themselves ([data-key="g o"]), so the help cannot differ from what works.
(() => {
  "use strict";
  const targets = () => [...document.querySelectorAll("a[data-key], button[data-key]")];
  let prefix = "";
  let forget = 0;

  const typing = (element) => element.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-rows] > tr, [data-rows] > li")];

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const now = all.findIndex((row) => row.hasAttribute("data-current"));
    const next = all[Math.max(0, Math.min(all.length - 1, now + step))];
    all[now]?.removeAttribute("data-current");
    next.setAttribute("data-current", "");
    const link = next.querySelector("a");
    if (link) link.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  const actions = {
    "/": () => {
      const field = [...document.querySelectorAll("[data-search]")].find((input) => input.offsetParent);
      if (field) field.focus();
      else document.dispatchEvent(new CustomEvent("drain:palette"));
    },
    "?": () => document.getElementById("keys")?.showModal(),
    j: () => move(1),
    k: () => move(-1),
    x: () => document.querySelector("[data-rows] > [data-current] [data-select-row]")?.click(),
    "]": () => document.querySelector('a[rel="next"]')?.click(),
    "[": () => document.querySelector('a[rel="prev"]')?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    const combination = prefix ? `${prefix} ${event.key}` : event.key;
    const target = targets().find((link) => link.dataset.key === combination);
    if (target) target.click();
    else if (!prefix && targets().some((link) => link.dataset.key.startsWith(`${event.key} `))) {
      prefix = event.key;
      clearTimeout(forget);
      forget = setTimeout(() => (prefix = ""), 1200);
      return;
    } else if (!prefix && actions[event.key]) actions[event.key]();
    else return void (prefix = "");
    prefix = "";
    event.preventDefault();
  });

  // The help names no key that has nothing to act on here.
  function fit() {
    for (const item of document.querySelectorAll("[data-needs]")) item.hidden = !document.querySelector(item.dataset.needs);
  }
  fit();
  document.addEventListener("drain:refreshed", fit);

  const list = document.querySelector("[data-keys-list]");
  const seen = new Set();
  for (const link of list ? targets() : []) {
    if (seen.has(link.dataset.key)) continue;
    seen.add(link.dataset.key);
    const item = document.createElement("li");
    const combo = document.createElement("span");
    combo.className = "combo";
    for (const key of link.dataset.key.split(" ")) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      combo.append(cap);
    }
    item.append(link.dataset.label || link.textContent.trim(), combo);
    list.append(item);
  }
})();
