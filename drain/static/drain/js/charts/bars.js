// "bars": stacked columns per hour or day, with fix markers; "states": the same as areas, for phases by state over time.
// {labels, ticks, days, unit, series: [{state, word, icon, values}], markers: [{at, name}]}
(() => {
  "use strict";
  const { kinds, tooltip, tip, xAxis, yAxis, named, fixes, right } = window.drainCharts;

  function frame(data, colours, narrow, series) {
    const rows = (index) => data.series.map((s) => ({ label: s.word, value: s.values[index].toLocaleString("en"), state: s.state, icon: s.icon }));
    series[0].markLine = fixes(colours, named(data, narrow));
    return {
      grid: { left: 44, right, top: 22, bottom: 24, outerBoundsMode: "none" },
      tooltip: tip(colours, (points) => tooltip(data.labels[points[0].dataIndex], rows(points[0].dataIndex))),
      xAxis: xAxis(colours, data),
      yAxis: yAxis(colours),
      series,
    };
  }

  kinds.bars = (data, colours, narrow) =>
    frame(data, colours, narrow, data.series.map((s) => ({
      type: "bar",
      stack: "all",
      barWidth: "62%",
      data: s.values,
      itemStyle: { color: colours.fill(s.state) },
      emphasis: { disabled: true },
    })));

  // A count holds from its moment to the next, so the first stands at the left edge and the last at the right one.
  kinds.states = (data, colours, narrow) => ({
    ...frame(data, colours, narrow, data.series.map((s) => ({
      type: "line",
      stack: "all",
      symbol: "none",
      step: "end",
      data: s.values,
      lineStyle: { width: 1, color: colours.surface },
      areaStyle: { color: colours.fill(s.state), opacity: s.state === "complete" ? 0.55 : 0.85 },
      emphasis: { disabled: true },
    }))),
    xAxis: xAxis(colours, data, { boundaryGap: false }),
  });
})();
