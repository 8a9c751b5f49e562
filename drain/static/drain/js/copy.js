// [data-copy="text"] or [data-copy-from="#id"]: puts the text on the clipboard, also over plain HTTP.
(() => {
  "use strict";
  async function copy(text, button) {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return true;
    }
    // navigator.clipboard exists over HTTPS and on localhost only; a selection works everywhere.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr-only";
    button.after(area); // beside it: nothing outside an open dialog can be selected
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const source = button.dataset.copyFrom && document.querySelector(button.dataset.copyFrom);
    const text = source ? source.textContent : button.dataset.copy || "";
    const done = await copy(text, button).catch(() => false);
    button.focus();
    const words = done ? "Copied" : "Could not copy: select the text by hand";
    document.dispatchEvent(new CustomEvent("drain:toast", { detail: words }));
  });
})();
