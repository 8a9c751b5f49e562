// Short confirmations in the corner, and dismissing messages: document.dispatchEvent(new CustomEvent("drain:toast", {detail: text})).
(() => {
  "use strict";
  document.addEventListener("drain:toast", (event) => {
    const host = document.querySelector("[data-toasts]");
    if (!host) return;
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.textContent = event.detail;
    host.replaceChildren(toast);
    setTimeout(() => toast.remove(), 2500);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (button) button.closest(".message").remove();
  });
})();
