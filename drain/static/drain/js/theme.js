// Light, dark or the system's choice, kept in this browser. Read in the head, so that no page flashes.
(() => {
  "use strict";
  const KEY = "drain-theme";
  const root = document.documentElement;

  function stored() {
    try {
      return localStorage.getItem(KEY) || "system";
    } catch {
      return "system"; // storage may be forbidden; the page then follows the system
    }
  }

  function apply(theme) {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme));
    }
    document.dispatchEvent(new CustomEvent("drain:theme"));
  }

  apply(stored());
  document.addEventListener("DOMContentLoaded", () => apply(stored()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(stored()));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-set]");
    if (!button) return;
    try {
      localStorage.setItem(KEY, button.dataset.themeSet);
    } catch {
      // the choice then lasts for this page
    }
    apply(button.dataset.themeSet);
  });
})();
