// [data-pick="URL"]: a field whose words become chips, each a ticked box of the form; URL answers with options for what is typed.
// What was typed counts as well as a chip does, so that taking it as one changes nothing that a preview showed.
(() => {
  "use strict";
  const WAIT = 200;
  const waiting = new WeakMap();
  const chipsOf = (field) => document.getElementById(`picks-${field.id.slice(2)}`);
  const optionsOf = (field) => [...(field.list?.options || [])];

  // Names of sources may have spaces in them.
  function namesIn(field) {
    const parts = field.value.split(field.id === "f-source" ? "," : /[\s,]+/);
    return new Set(parts.map((part) => part.trim()).filter(Boolean));
  }

  function labelOf(field, value) {
    const offered = optionsOf(field).find((option) => option.value === value);
    const named = document.querySelector(`[data-key="${CSS.escape(value)}"]`);
    return (offered?.label !== value && offered?.label) || named?.textContent.trim() || value;
  }

  function take(field) {
    const chips = chipsOf(field);
    const known = new Set([...chips.querySelectorAll("input")].map((box) => box.value));
    for (const value of namesIn(field)) {
      if (known.has(value)) continue;
      const chip = chips.parentElement.querySelector("template").content.firstElementChild.cloneNode(true);
      const fingerprint = field.id === "f-fingerprint";
      chip.querySelector("input").value = value;
      chip.querySelector("span").textContent = fingerprint ? labelOf(field, value) : value;
      chip.querySelector("button").setAttribute("aria-label", `Remove ${value}`);
      chip.title = value;
      chips.append(chip);
    }
    field.value = "";
    field.placeholder = chips.children.length ? "" : field.dataset.placeholder;
  }

  async function offer(field) {
    const url = new URL(field.dataset.pick, location.href);
    url.searchParams.set("q", field.value.trim());
    const answer = await fetch(url, { headers: { "HX-Request": "true" }, credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (url.searchParams.get("q") === field.value.trim()) {
      field.list.replaceChildren(...page.querySelectorAll("option"));
    }
  }

  function soon(field) {
    clearTimeout(waiting.get(field));
    waiting.set(field, setTimeout(() => offer(field), WAIT));
  }

  function remove(chip) {
    const field = chip.closest(".tokens").querySelector("[data-pick]");
    chip.remove();
    take(field);
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-pick]")) return;
    // An option that was chosen from the list is there whole.
    if (optionsOf(field).some((option) => option.value === field.value)) take(field);
    else soon(field);
  });
  document.addEventListener("focusin", (event) => event.target.matches?.("[data-pick]") && soon(event.target));
  document.addEventListener("focusout", (event) => event.target.matches?.("[data-pick]") && take(event.target));
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-pick]")) return;
    const last = chipsOf(field).lastElementChild;
    if (event.key === "Enter") take(field);
    else if (event.key === "Backspace" && !field.value && last) remove(last);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-unpick]");
    if (button) remove(button.closest(".token"));
  });
})();
