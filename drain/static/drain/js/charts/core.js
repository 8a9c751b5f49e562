// [data-chart="kind"][data-source="id of a JSON script"]: draws with our tokens; redraws on theme, refresh and resize.
(() => {
  "use strict";
  const kinds = {};
  const drawn = new WeakMap();
  const probe = document.createElement("span");
  probe.className = "sr-only";

  // light-dark() is only resolved in a computed colour, so a probe element computes it.
  function ink(variable, css = "") {
    probe.className = `sr-only ${css}`;
    probe.style.color = `var(${variable})`;
    return getComputedStyle(probe).color;
  }

  function faded(colour, alpha) {
    return colour.replace(/^rgb\((.*)\)$/, (_, parts) => `rgba(${parts}, ${alpha})`);
  }

  const palette = () => ({
    text: ink("--text"),
    soft: ink("--text-2"),
    faint: ink("--text-3"),
    hairline: ink("--hairline"),
    strong: ink("--strong"),
    surface: ink("--surface"),
    fill: (state) => ink("--f", `s-${state}`),
    ink: (state) => ink("--c", `s-${state}`),
    faded,
    font: "Inter, system-ui, sans-serif",
  });

  // Tooltips are DOM nodes: HTML strings with style attributes would be blocked.
  function tooltip(title, rows) {
    const box = document.createElement("div");
    box.className = "tip";
    const head = document.createElement("div");
    head.className = "tip-title";
    head.textContent = title;
    box.append(head);
    for (const { label, value, state, icon } of rows) {
      const row = document.createElement("div");
      row.className = `tip-row s-${state}`;
      const drawing = legendIcon(icon);
      if (drawing) row.append(drawing);
      const number = document.createElement("b");
      number.textContent = value;
      row.append(label, number);
      box.append(row);
    }
    return box;
  }

  // The icons of a tooltip are those of the page's sprite; any icon on the page tells where that is.
  function legendIcon(name) {
    const known = document.querySelector("svg.icon use");
    if (!name || !known) return null;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", known.getAttribute("href").replace(/#.*/, `#${name}`));
    svg.append(use);
    return svg;
  }

  const tip = (colours, formatter, trigger = "axis") => ({
    trigger,
    confine: true,
    transitionDuration: 0,
    backgroundColor: colours.surface,
    borderColor: colours.strong,
    borderWidth: 1,
    padding: [8, 10],
    extraCssText: "border-radius:6px",
    axisPointer: { type: "line", lineStyle: { color: colours.strong, width: 1, type: "solid" } },
    formatter,
  });

  // Where not every tick has room, days and noons keep theirs; where those have none, days do.
  function shownTicks(data, width) {
    const room = (width - 64) / 46;
    const every = data.ticks.map(Boolean);
    const halves = data.ticks.map((tick, i) => data.days[i] || tick === "12:00");
    const enough = (shown) => shown.filter(Boolean).length <= room;
    if (enough(every) || !data.days.some(Boolean)) return every;
    return enough(halves) ? halves : data.days;
  }

  const xAxis = (colours, data, more = {}, shown = shownTicks(data, colours.width)) => ({
    type: "category",
    data: data.labels,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: colours.strong } },
    axisLabel: {
      color: colours.faint,
      fontSize: 11,
      fontFamily: colours.font,
      hideOverlap: true,
      interval: (index) => shown[index],
      formatter: (_, index) => (data.days[index] ? `{day|${data.ticks[index]}}` : data.ticks[index] || ""),
      rich: { day: { color: colours.text, fontWeight: 600, fontSize: 11, fontFamily: colours.font } },
    },
    ...more,
  });

  // 386,074 does not fit beside a plot; 386k does.
  const short = (value) => (value >= 1e6 ? `${value / 1e6}M` : value >= 1e4 ? `${value / 1e3}k` : value.toLocaleString("en"));

  const yAxis = (colours, more = {}) => ({
    type: "value",
    splitNumber: 3,
    minInterval: 1,
    containShape: false,
    axisLabel: { color: colours.faint, fontSize: 11, fontFamily: colours.font, formatter: short },
    splitLine: { lineStyle: { color: colours.hairline } },
    ...more,
  });

  // Names stand left of their line: one too near to the line before is only a number, and one that would
  // cover another name is joined with it. Shares of the width: a whole name 20 %, a number 6 % (phone 13 %).
  function named(data, narrow) {
    const shown = [];
    for (const { at, name } of [...data.markers].sort((one, two) => one.at - two.at)) {
      const before = shown.at(-1);
      const gap = before ? (at - before.at) / data.labels.length : 1;
      const number = name.split(" ")[0];
      const near = gap < (narrow ? 0.13 : 0.06);
      const numbers = near ? `${before.numbers}, ${number}` : number;
      if (near) before.name = "";
      shown.push({ at, numbers, name: near || narrow || gap < 0.2 ? numbers : name });
    }
    return shown;
  }

  // A fix marker is dashed ink with its name above, on the left, so that it hides nothing that came after.
  const fixes = (colours, markers, withNames = true) => ({
    silent: true,
    symbol: "none",
    lineStyle: { color: colours.text, width: 1.5, type: [3, 3] },
    label: {
      show: withNames,
      position: "end",
      align: "right",
      color: colours.text,
      fontSize: 11,
      fontWeight: 600,
      fontFamily: colours.font,
      formatter: ({ data }) => data.name,
    },
    data: (markers || []).map(({ at, name }) => ({ xAxis: at, name })),
  });

  // Room for the half of a day's label that stands at the last slot.
  const right = 20;

  function draw(host) {
    const source = document.getElementById(host.dataset.source);
    const kind = kinds[host.dataset.chart];
    if (!source || !kind || !window.echarts) return;
    let chart = drawn.get(host);
    if (!chart) {
      chart = window.echarts.init(host, null, { renderer: "svg" });
      drawn.set(host, chart);
      new ResizeObserver(() => {
        chart.resize();
        draw(host);
      }).observe(host);
    }
    const text = source.textContent;
    const state = `${text}|${document.documentElement.dataset.theme || ""}|${ink("--surface")}|${host.clientWidth}`;
    if (host.drainDrawn === state) return;
    host.drainDrawn = state;
    const option = kind(JSON.parse(text), { ...palette(), width: host.clientWidth }, host.clientWidth < 480);
    chart.setOption({ animation: false, ...option }, { notMerge: true });
  }

  const all = () => document.querySelectorAll("[data-chart]").forEach(draw);
  window.drainCharts = { kinds, tooltip, tip, xAxis, yAxis, named, fixes, faded, right };
  document.addEventListener("DOMContentLoaded", () => {
    document.body.append(probe);
    // The page paints first; charts follow.
    requestAnimationFrame(() => setTimeout(all, 0));
  });
  document.addEventListener("drain:theme", () => probe.isConnected && all());
  document.addEventListener("drain:refreshed", all);
})();
