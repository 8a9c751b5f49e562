// [data-insert]: puts its text where the cursor is in the field before it.
(() => {
  "use strict";
  for (const chip of document.querySelectorAll("[data-insert]")) {
    const field = chip.closest(".field").querySelector("textarea, input");
    chip.addEventListener("click", () => {
      field.setRangeText(chip.dataset.insert, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
    });
  }
})();
