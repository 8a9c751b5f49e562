// Ctrl+K: every destination of the page, and what the search finds, in one list.
(() => {
  "use strict";
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("ul");
  let wait = 0;
  let asked = 0;

  const places = () => {
    const seen = new Set();
    return [...document.querySelectorAll("a[data-label]")].filter(
      (link) => link.href && !seen.has(link.href) && seen.add(link.href),
    );
  };

  function option(href, text, note) {
    const item = document.createElement("li");
    item.setAttribute("role", "none");
    const link = document.createElement("a");
    link.setAttribute("role", "option");
    link.setAttribute("aria-selected", "false");
    link.id = `place-${list.children.length}`;
    link.href = href;
    link.tabIndex = -1;
    link.append(text);
    if (note) {
      const meta = document.createElement("span");
      meta.className = "meta";
      meta.textContent = note;
      link.append(meta);
    }
    item.append(link);
    list.append(item);
  }

  const options = () => [...list.querySelectorAll("a")];

  function choose(index) {
    options().forEach((link, i) => link.setAttribute("aria-selected", String(i === index)));
    const link = options()[index];
    if (link) {
      input.setAttribute("aria-activedescendant", link.id);
      link.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  const chosen = () => options().findIndex((link) => link.getAttribute("aria-selected") === "true");

  function show() {
    const words = input.value.trim().toLowerCase();
    clearTimeout(wait);
    asked += 1; // what is under way answers other words
    list.replaceChildren();
    for (const link of places()) {
      if (link.dataset.label.toLowerCase().includes(words)) option(link.href, link.dataset.label, link.dataset.key);
    }
    if (words && dialog.dataset.palette) {
      const url = new URL(dialog.dataset.palette, location.href);
      url.searchParams.set("q", input.value.trim());
      option(url.href, `Search for “${input.value.trim()}”`, "Enter");
      wait = setTimeout(() => ask(url), 200);
    }
    choose(0);
  }

  // The search answers a fragment request with links that carry data-result and, if they like, data-note.
  async function ask(url) {
    const turn = ++asked;
    const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer || !answer.ok || answer.redirected || turn !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (turn !== asked) return;
    for (const link of [...page.querySelectorAll("a[data-result]")].slice(0, 12)) {
      option(link.getAttribute("href"), link.textContent.trim(), link.dataset.note);
    }
  }

  function open() {
    input.value = "";
    show();
    dialog.showModal();
    input.focus();
  }

  document.addEventListener("drain:palette", open);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    const last = list.children.length - 1;
    if (event.key === "ArrowDown") choose(Math.min(last, chosen() + 1));
    else if (event.key === "ArrowUp") choose(Math.max(0, chosen() - 1));
    else if (event.key === "Enter") options()[Math.max(0, chosen())]?.click();
    else return;
    event.preventDefault();
  });
})();
