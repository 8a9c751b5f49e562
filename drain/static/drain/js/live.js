// [data-live="URL"] (with an id): fetches its own fresh version every 5 s (or [data-live-every]) and takes it over without animation.
// The answer is HTML that holds an element of the same id; 204 means nothing changed, 286 that it is over.
// Elements of the answer with [data-live-part] and an id take the place of their older selves too.
(() => {
  "use strict";
  const CHOSEN = "drain-refresh";
  const HIDDEN = 20000;
  const LONGEST = 60000;
  // As somebody chose in this browser; 0 is only when asked.
  const chosen = () => Number(localStorage.getItem(CHOSEN) ?? 5) * 1000;
  let byHand = chosen() === 0;
  let signedOut = false;
  let failures = 0;
  let turn = 0; // a round that another has overtaken neither changes the page nor says anything
  let last = new Date();
  let timer = 0;

  const regions = () => [...document.querySelectorAll("[data-live]")];
  const button = () => document.querySelector("[data-live-state]");
  // In the zone of all other times of the page.
  const clock = (when) => when.toLocaleTimeString("en-GB", { timeZone: button()?.dataset.zone });

  // A page whose end people wait for in another tab: [data-live-title] goes on, slowly, while nobody looks.
  const watched = () => document.querySelector("[data-live][data-live-title]");

  // The title and the icon of the tab say what became of it.
  function entitle(region) {
    if (!region.dataset.liveTitle) return;
    document.title = region.dataset.liveTitle;
    const icon = document.querySelector("link[rel=icon]");
    if (icon && region.dataset.liveIcon) icon.href = region.dataset.liveIcon;
  }

  function busy() {
    if (byHand) return "Paused";
    if (document.hidden && !watched()) return "Paused";
    if (document.querySelector("[data-select-row]:checked")) return "Paused, rows ticked";
    if (document.querySelector("dialog[open]:not(#keys):not(#palette)")) return "Paused, dialog open";
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && selection.toString()) return "Paused, text selected";
    const focus = document.activeElement;
    if (focus && focus.matches("input:not([type=checkbox]), textarea, select")) return "Paused, typing";
    return "";
  }

  function say(state, words) {
    const host = button();
    const icons = document.querySelector("template[data-live-icons]");
    if (!host || !icons) return;
    const drawn = icons.content.querySelector(`[data-state="${state}"]`);
    host.disabled = false;
    host.className = `live ${drawn.dataset.css}`;
    host.title = signedOut ? "Sign in again" : byHand ? "Go on refreshing" : "Pause refreshing";
    const icon = host.querySelector("[data-live-icon]");
    icon.hidden = false;
    icon.replaceChildren(...drawn.cloneNode(true).childNodes);
    host.querySelector("[data-live-text]").textContent = words;
  }

  async function refresh(region, mine) {
    const answer = await fetch(region.dataset.live, {
      headers: { "HX-Request": "true", "X-Drain-Refresh": "1" },
      credentials: "same-origin",
      cache: "no-cache",
      signal: AbortSignal.timeout(15000),
    });
    signedOut = answer.redirected; // to the sign-in page, which is no fragment
    if (signedOut) throw new Error("signed out");
    if (answer.status === 204 || answer.status === 304) return;
    if (!answer.ok && answer.status !== 286) throw new Error(String(answer.status));
    const html = await answer.text();
    if (mine !== turn || busy()) return; // a person began something while the answer was under way
    const page = new DOMParser().parseFromString(html, "text/html");
    const fresh = page.getElementById(region.id);
    if (!fresh) throw new Error("no element of this id");
    window.drainHold(region, fresh);
    window.drainMorph(region, fresh);
    entitle(region);
    for (const part of page.querySelectorAll("[data-live-part]")) {
      const old = document.getElementById(part.id);
      if (old) window.drainMorph(old, part);
    }
    if (answer.status === 286) region.removeAttribute("data-live");
    region.dispatchEvent(new CustomEvent("drain:refreshed", { bubbles: true }));
  }

  async function round() {
    const found = regions();
    if (!found.length) return over();
    const reason = busy();
    if (reason) {
      say("paused", reason);
      return plan(2500);
    }
    const mine = ++turn;
    try {
      await Promise.all(found.map((region) => refresh(region, mine)));
      if (mine !== turn) return;
      failures = 0;
      const begun = busy();
      if (!begun) last = new Date();
      say(begun ? "paused" : "live", begun || words());
    } catch {
      if (mine !== turn) return;
      failures += 1;
      say("stale", `${signedOut ? "Signed out" : "Stale"}, last data ${clock(last)}`);
    }
    if (!chosen()) byHand = true; // it was asked for once
    const every = Math.max(document.hidden ? HIDDEN : 0, chosen() || 2500);
    plan(Math.min(LONGEST, every * 2 ** Math.max(0, failures - 1)));
  }

  function over() {
    say("live", `Final, ${clock(last)}`);
    const host = button();
    if (!host) return;
    host.disabled = true;
    host.removeAttribute("title");
  }

  // Jitter keeps twenty open dashboards from asking in the same moment.
  const plan = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(round, wait * (0.9 + Math.random() * 0.2));
  };

  const words = () => `Live · ${chosen() < 60000 ? `${chosen() / 1000} s` : "1 min"}`;

  function press() {
    for (const one of document.querySelectorAll("[data-live-every]")) {
      one.setAttribute("aria-pressed", String(Number(one.dataset.liveEvery) * 1000 === chosen()));
    }
  }

  document.querySelectorAll("[data-live-title]").forEach(entitle);
  if (!regions().length) return;
  document.querySelector("[data-live-interval]").hidden = false;
  press();
  if (byHand) say("paused", "Paused");
  else say("live", words());
  plan(chosen() || 2500);
  document.addEventListener("visibilitychange", () => !document.hidden && plan(50));
  document.addEventListener("click", (event) => {
    const held = event.target.closest("[data-hold-note]");
    if (held && !regions().length) return location.reload(); // it is over: nothing brings them any more
    if (held) {
      window.drainRelease(held.dataset.holdNote);
      plan(0);
    }
    const interval = event.target.closest("[data-live-every]");
    if (interval) {
      localStorage.setItem(CHOSEN, interval.dataset.liveEvery);
      interval.closest("details").open = false;
      byHand = chosen() === 0;
      press();
      if (byHand) say("paused", "Paused");
      return plan(byHand ? 2500 : 0);
    }
    if (!event.target.closest("[data-live-state]")) return;
    if (signedOut) return location.reload(); // by way of the sign-in page, and back here
    byHand = !byHand;
    if (byHand) say("paused", "Paused");
    else plan(0);
  });
})();
