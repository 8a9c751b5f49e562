// [data-zone-set="Europe/Berlin" | "browser"]: the zone of all times, in a cookie that the server reads.
(() => {
  "use strict";
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zone-set]");
    if (!button) return;
    const wanted = button.dataset.zoneSet;
    const zone = wanted === "browser" ? Intl.DateTimeFormat().resolvedOptions().timeZone : wanted;
    document.cookie = `drain_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
    location.reload();
  });
})();
