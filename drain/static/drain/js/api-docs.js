// Swagger's own dark mode follows the theme of the site. Read in the head, after theme.js.
(() => {
  "use strict";
  const root = document.documentElement;

  function follow() {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.classList.toggle("dark-mode", (root.dataset.theme || system) === "dark");
  }

  follow();
  document.addEventListener("drain:theme", follow);
})();
