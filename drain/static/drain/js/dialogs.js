// [data-dialog-open="id"] opens a <dialog>, [data-dialog-close] closes the one it stands in; so does a click beside it.
(() => {
  "use strict";
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      event.preventDefault();
      const dialog = document.getElementById(opener.dataset.dialogOpen);
      if (dialog && !dialog.open) open(dialog, opener.closest("details[data-menu]"));
      return;
    }
    const closer = event.target.closest("[data-dialog-close]");
    if (closer) closer.closest("dialog").close();
    else if (event.target instanceof HTMLDialogElement && beside(event)) event.target.close();
  });

  // A menu closes behind its dialog, which gives the focus back to what had it: the menu's button then.
  function open(dialog, menu) {
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    dialog.showModal();
    dialog.querySelector("textarea:required, input:required")?.focus();
  }

  function beside(event) {
    const box = event.target.getBoundingClientRect();
    const inside =
      event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    return !inside && event.clientX + event.clientY > 0; // Enter in a form clicks at 0, 0
  }
})();
