// form[data-preview]: asks its own address again as the fields change, and puts the answer's [data-preview-part]s in place.
// Until the answer is there [data-preview-start] waits: a button does what it says, or nothing.
(() => {
  "use strict";
  const WAIT = 350;
  const AGAIN = 5000;
  const form = document.querySelector("form[data-preview]");
  if (!form) return;
  const state = document.querySelector("[data-preview-state]");
  const asBefore = state?.textContent;
  const tell = (words) => state && (state.textContent = words);
  let timer;
  let running;

  function wait(delay) {
    const start = document.querySelector("[data-preview-start]");
    if (start) {
      start.disabled = true;
      start.textContent = "Planning …";
    }
    clearTimeout(timer);
    timer = setTimeout(() => ask(), delay);
  }

  async function ask(first = false) {
    if (running) running.abort();
    const mine = (running = new AbortController());
    const data = new FormData(form);
    for (const name of ["csrfmiddlewaretoken", "seen_digest", "seen_ids", "name"]) data.delete(name);
    for (const name of ["add_run", "add_skip", "add_fingerprint"]) if (!data.get(name)) data.delete(name);
    const query = new URLSearchParams(data).toString();
    const region = document.getElementById("preview");
    region?.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${form.dataset.preview}?${query}`, {
        headers: { "HX-Request": "true" },
        credentials: "same-origin",
        signal: mine.signal,
      });
      if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine.signal.aborted) return;
      for (const part of fresh.querySelectorAll("[data-preview-part]")) {
        const old = document.getElementById(part.id);
        if (old) window.drainMorph(old, part);
      }
      for (const error of form.querySelectorAll("[data-field-error]")) {
        const field = document.getElementById(`f-${error.dataset.fieldError}`);
        if (field) field.setAttribute("aria-invalid", error.hidden ? "false" : "true");
      }
      tell(asBefore);
      if (!first) history.replaceState(null, "", `?${query}`);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      tell("The preview could not be refreshed; what you see is older than the form.");
      wait(AGAIN);
    }
    region?.removeAttribute("aria-busy");
  }

  form.addEventListener("input", () => {
    running?.abort();
    wait(WAIT);
  });
  // Enter in a field asks for its preview, or saves the settings: the form's first button would start the drain. Of the
  // document, since some of its fields stand outside of the form.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input") || event.target.form !== form) return;
    event.preventDefault();
    const save = event.target.closest("[data-preview-save]")?.querySelector("button");
    if (save) form.requestSubmit(save);
    else wait(0);
  });
  // A large backlog is planned after the page is there.
  if (document.querySelector("#preview[data-preview-now]")) ask(true);
})();
