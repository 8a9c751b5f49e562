// Two storeys: a line above, attempts as stacked bars below.
// "rate": completion rate with its interval as a band. "yield": telemetry events per attempt-minute.
// {labels, ticks, days, name ("rate" only: of the rate, with its window), rate: [number|null], low, high ("rate" only), series: [{state, word, icon, values}], markers: [{at, name}]}
(() => {
  "use strict";
  const { kinds, tooltip, tip, xAxis, yAxis, named, fixes, faded, right } = window.drainCharts;
  const NOTHING = "Not enough data";
  const known = (value) => value !== null && value !== undefined;

  function storeys(data, colours, narrow, { above, lines, axis }) {
    const left = narrow ? 42 : 44;
    const rows = (index) => [...above(index), ...data.series.map((s) => ({ label: s.word, value: s.values[index].toLocaleString("en"), state: s.state, icon: s.icon }))];
    return {
      grid: [
        { left, right, top: 22, bottom: 104, outerBoundsMode: "none" },
        { left, right, height: 54, bottom: 24, outerBoundsMode: "none" },
      ],
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      tooltip: tip(colours, (points) => tooltip(data.labels[points[0].dataIndex], rows(points[0].dataIndex))),
      xAxis: [
        xAxis(colours, data, { gridIndex: 0, axisLabel: { show: false } }),
        xAxis(colours, data, { gridIndex: 1 }),
      ],
      yAxis: [yAxis(colours, { gridIndex: 0, ...axis }), yAxis(colours, { gridIndex: 1, splitNumber: 2 })],
      series: [
        ...lines,
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
  }

  const line = { type: "line", symbol: "none", xAxisIndex: 0, yAxisIndex: 0 };

  // A slot in which nothing ended parts the line; a single one between two such is a dot, or it would not be seen.
  const alone = (values, i) => known(values[i]) && !known(values[i - 1]) && !known(values[i + 1]);
  const dots = (values) => ({
    symbol: (_, { dataIndex }) => (alone(values, dataIndex) ? "circle" : "none"),
    symbolSize: 6,
    showAllSymbol: true,
  });
  const whisker = { type: "bar", stack: "whisker", barWidth: 6, xAxisIndex: 0, yAxisIndex: 0, silent: true };

  kinds.rate = (data, colours, narrow) => {
    const good = colours.fill("complete");
    const band = data.high.map((high, i) => (high === null ? null : high - data.low[i]));
    return storeys(data, colours, narrow, {
      above: (i) => [
        { label: data.name, value: known(data.rate[i]) ? `${data.rate[i].toFixed(1)} %` : NOTHING, state: "complete", icon: "circle-check-filled" },
        ...(known(data.low[i]) ? [{ label: "95 % interval", value: `${data.low[i].toFixed(1)}–${data.high[i].toFixed(1)} %`, state: "neutral" }] : []),
      ],
      lines: [
        { ...line, silent: true, data: data.low, stack: "band", lineStyle: { opacity: 0 } },
        { ...line, silent: true, data: band, stack: "band", lineStyle: { opacity: 0 }, areaStyle: { color: faded(good, 0.16), opacity: 1 } },
        ...(data.rate.some((_, i) => alone(data.rate, i))
          ? [
              { ...whisker, data: data.low.map((low, i) => (alone(data.rate, i) ? low : null)), itemStyle: { opacity: 0 } },
              { ...whisker, data: band.map((height, i) => (alone(data.rate, i) ? height : null)), itemStyle: { color: faded(good, 0.3) } },
            ]
          : []),
        { ...line, ...dots(data.rate), data: data.rate, lineStyle: { color: colours.ink("complete"), width: 2 }, itemStyle: { color: colours.ink("complete") }, markLine: fixes(colours, named(data, narrow)) },
      ],
      axis: { min: 0, max: 100, interval: 25, axisLabel: { color: colours.faint, fontSize: 11, fontFamily: colours.font, formatter: "{value} %" } },
    });
  };

  kinds.yield = (data, colours, narrow) =>
    storeys(data, colours, narrow, {
      above: (i) => [{ label: "Events per minute", value: known(data.rate[i]) ? data.rate[i].toFixed(2) : NOTHING, state: "fix", icon: "activity" }],
      lines: [
        {
          ...line,
          ...dots(data.rate),
          data: data.rate,
          lineStyle: { color: colours.text, width: 2 },
          itemStyle: { color: colours.text },
        },
      ],
      axis: { min: 0, minInterval: 0 },
    });
})();
