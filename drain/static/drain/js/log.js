// [data-log]: follows the end while new lines come, wraps on demand, and jumps between the hits of the server's search.
(() => {
  "use strict";
  const left = new WeakSet(); // logs whose end somebody has scrolled away from
  const atEnd = (log) => log.scrollTop + log.clientHeight >= log.scrollHeight - 24;

  // A link to a line that this part of the log does not show leads to the part that does.
  function seek() {
    const [, line] = location.hash.match(/^#L(\d+)$/) ?? [];
    const log = document.querySelector('[data-log="still"]');
    if (!line || !log || document.getElementById(`L${line}`) || location.search.includes(`at=${line}`)) return;
    if (Number(line) <= Number(log.dataset.lines)) location.replace(`?at=${line}#L${line}`);
  }

  seek();
  window.addEventListener("hashchange", seek);

  function follow() {
    for (const log of document.querySelectorAll('[data-log="follow"]')) {
      if (!left.has(log)) log.scrollTop = log.scrollHeight;
    }
  }

  function watch({ target: log }) {
    if (!log.matches?.("[data-log]")) return;
    if (atEnd(log)) left.delete(log);
    else left.add(log);
  }

  // Listened to from above: the log itself may only come with the first line.
  document.addEventListener("scroll", watch, { capture: true, passive: true });
  document.addEventListener("drain:refreshed", follow);
  follow();
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
