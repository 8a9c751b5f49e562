// <details data-fold open>: what is long and seldom needed begins closed on a phone; elsewhere, and without scripts, it is open.
(() => {
  "use strict";
  if (!window.matchMedia("(max-width: 767px)").matches) return;
  for (const fold of document.querySelectorAll("details[data-fold]:not([data-fold-kept])")) fold.open = false;
})();
