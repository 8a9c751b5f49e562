// form[data-select]: ticking rows, ticking all of the page, and "all N matching" for what is beyond it.
(() => {
  "use strict";
  const rowsOf = (form) => [...form.querySelectorAll("[data-select-row]")];

  function show(form) {
    const rows = rowsOf(form);
    const ticked = rows.filter((row) => row.checked);
    const flag = form.querySelector("[data-select-flag]");
    if (flag && ticked.length < rows.length) flag.value = "";
    const everything = Boolean(flag && flag.value);
    for (const row of rows) row.closest("tr")?.classList.toggle("ticked", row.checked);
    const head = form.querySelector("[data-select-page]");
    if (head) {
      head.checked = rows.length > 0 && ticked.length === rows.length;
      head.indeterminate = ticked.length > 0 && ticked.length < rows.length;
    }
    const bar = form.querySelector("[data-select-bar]");
    if (!bar) return;
    const total = Number(bar.dataset.total || rows.length);
    bar.hidden = ticked.length === 0;
    const count = everything ? total : ticked.length;
    bar.querySelector("[data-select-count]").textContent = `${count.toLocaleString("en")} selected`;
    const more = bar.querySelector("[data-select-all-matching]");
    if (more) more.hidden = everything || ticked.length < rows.length || total <= rows.length;
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-select]");
    if (!form) return;
    if (event.target.matches("[data-select-page]")) {
      for (const row of rowsOf(form)) row.checked = event.target.checked;
    }
    show(form);
  });
  document.addEventListener("click", (event) => {
    const form = event.target.closest("form[data-select]");
    if (!form) return;
    if (event.target.closest("[data-select-all-matching]")) {
      const flag = form.querySelector("[data-select-flag]");
      flag.value = flag.dataset.selectFlag || "1";
    } else if (event.target.closest("[data-select-none]")) {
      for (const row of rowsOf(form)) row.checked = false;
    } else return;
    show(form);
  });
  // The browser may restore ticks after "back".
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-select]").forEach(show));
})();
