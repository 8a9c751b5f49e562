// [data-log]: follows the end while new lines come, wraps on demand, and jumps between the hits of the server's search.
(() => {
  "use strict";
  for (const log of document.querySelectorAll("[data-log]")) {
    let following = log.dataset.log === "follow";
    const atEnd = () => log.scrollTop + log.clientHeight >= log.scrollHeight - 24;
    const toEnd = () => following && (log.scrollTop = log.scrollHeight);
    log.addEventListener("scroll", () => (following = log.dataset.log === "follow" && atEnd()), { passive: true });
    document.addEventListener("drain:refreshed", toEnd);
    toEnd();
  }
  document.addEventListener("click", (event) => {
    const wrap = event.target.closest("[data-log-wrap]");
    if (wrap) {
      const on = document.querySelector("[data-log]").classList.toggle("wrapped");
      wrap.setAttribute("aria-pressed", String(on));
      return;
    }
    const jump = event.target.closest("[data-log-hit]");
    if (!jump) return;
    const hits = [...document.querySelectorAll(".log-line mark")];
    if (!hits.length) return;
    const now = hits.findIndex((hit) => hit.hasAttribute("data-here"));
    const next = hits[(now + Number(jump.dataset.logHit) + hits.length) % hits.length];
    hits[now]?.removeAttribute("data-here");
    next.setAttribute("data-here", "");
    next.scrollIntoView({ block: "center" });
  });
})();
