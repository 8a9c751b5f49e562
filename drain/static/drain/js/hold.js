// tbody[data-hold] (with an id): rows that a refresh brings wait outside while somebody reads, and its [data-hold-note] counts them.
// A click on the note lets them in.
(() => {
  "use strict";
  const released = new Set();
  const keysOf = (body) => new Map([...body.children].map((row) => [row.dataset.row, row]));

  function inSight(body) {
    const box = body.getBoundingClientRect();
    return box.top < window.innerHeight && box.bottom > 0;
  }

  function hold(old, next, note) {
    const known = keysOf(old);
    const fresh = keysOf(next);
    const waiting = [...fresh.keys()].filter((key) => !known.has(key)).length;
    if (!waiting) return;
    next.replaceChildren(...[...known].map(([key, row]) => fresh.get(key) || row.cloneNode(true)));
    note.hidden = false;
    note.textContent = `Show ${waiting} new`;
  }

  // Changes `fresh`, which is to take the place of `region`. Elements with [data-arrives] that it brings would push what
  // somebody reads: they stay outside, and [data-arrived] says so.
  window.drainHold = (region, fresh) => {
    for (const part of fresh.querySelectorAll("[data-arrives]")) {
      if (region.querySelector(`#${part.id}`)) continue;
      part.remove();
      fresh.querySelector("[data-arrived]").hidden = false;
    }
    for (const old of region.querySelectorAll("[data-hold]")) {
      const next = fresh.querySelector(`#${old.id}`);
      const note = fresh.querySelector(`[data-hold-note="${old.id}"]`);
      if (next && note && inSight(old) && !released.has(old.id)) hold(old, next, note);
      released.delete(old.id);
    }
  };
  window.drainRelease = (id) => released.add(id);
})();
