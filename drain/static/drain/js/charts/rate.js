// "rate": completion rate with its interval as a band, attempts per hour as stacked bars below.
// {labels, ticks, days, rate: [0..100|null], low, high, series: [{state, word, icon, values}], markers: [{at, name}]}
(() => {
  "use strict";
  const { kinds, tooltip, tip, xAxis, yAxis, fixes, faded } = window.drainCharts;
  const percent = (value) => (value === null || value === undefined ? "Not enough data" : `${value.toFixed(1)} %`);

  kinds.rate = (data, colours, narrow) => {
    const left = narrow ? 42 : 44;
    const good = colours.fill("complete");
    const line = { type: "line", symbol: "none", xAxisIndex: 0, yAxisIndex: 0, silent: true };
    const band = data.high.map((high, i) => (high === null ? null : high - data.low[i]));
    const markers = narrow ? data.markers.map((m) => ({ ...m, name: m.name.split(" ")[0] })) : data.markers;
    const rows = (index) => [
      { label: "Completion rate", value: percent(data.rate[index]), state: "complete", icon: "circle-check-filled" },
      ...(data.low[index] === null ? [] : [{ label: "95 % interval", value: `${data.low[index].toFixed(1)}–${data.high[index].toFixed(1)} %`, state: "neutral" }]),
      ...data.series.map((s) => ({ label: s.word, value: String(s.values[index]), state: s.state, icon: s.icon })),
    ];
    return {
      grid: [
        { left, right: 8, top: 22, bottom: 104, outerBoundsMode: "none" },
        { left, right: 8, height: 54, bottom: 24, outerBoundsMode: "none" },
      ],
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      tooltip: tip(colours, (points) => tooltip(data.labels[points[0].dataIndex], rows(points[0].dataIndex))),
      xAxis: [
        xAxis(colours, data, { gridIndex: 0, axisLabel: { show: false } }),
        xAxis(colours, data, { gridIndex: 1 }),
      ],
      yAxis: [
        yAxis(colours, { gridIndex: 0, min: 0, max: 100, interval: 25, axisLabel: { color: colours.faint, fontSize: 11, fontFamily: colours.font, formatter: "{value} %" } }),
        yAxis(colours, { gridIndex: 1, splitNumber: 2 }),
      ],
      series: [
        { ...line, data: data.low, stack: "band", lineStyle: { opacity: 0 } },
        { ...line, data: band, stack: "band", lineStyle: { opacity: 0 }, areaStyle: { color: faded(good, 0.16), opacity: 1 } },
        { ...line, silent: false, data: data.rate, lineStyle: { color: colours.ink("complete"), width: 2 }, itemStyle: { color: colours.ink("complete") }, markLine: fixes(colours, markers) },
        ...data.series.map((s, i) => ({
          type: "bar",
          stack: "attempts",
          xAxisIndex: 1,
          yAxisIndex: 1,
          barWidth: "62%",
          data: s.values,
          itemStyle: { color: colours.fill(s.state) },
          emphasis: { disabled: true },
          ...(i === 0 ? { markLine: fixes(colours, data.markers, false) } : {}),
        })),
      ],
    };
  };
})();
