// A form that changes something is sent once, however often an impatient person clicks; again after a while.
(() => {
  "use strict";
  const WAIT = 10000;
  const sent = new WeakMap();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (Date.now() - (sent.get(form) ?? -WAIT) < WAIT) event.preventDefault();
    else sent.set(form, Date.now());
  });
  // "Back" may bring the page as it was left.
  window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => sent.delete(form)));
})();
