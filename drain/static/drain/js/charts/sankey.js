// "sankey": what became of each failure. {nodes: [{id, label, count, state, side: "left"|"right"}], links: [{source, target, count}]}
(() => {
  "use strict";
  const { kinds, tooltip, tip } = window.drainCharts;

  kinds.sankey = (data, colours, narrow) => {
    const side = narrow ? 0 : 280;
    const byId = Object.fromEntries(data.nodes.map((node) => [node.id, node]));
    // On a phone labels lie on the streams: the beginning of a cause has to do, the tooltip has it all.
    const brief = (text) => {
      const kept = text.replace(" fingerprint", "").replace("another one", "other");
      return kept.length > 22 ? `${kept.slice(0, 21)}…` : kept;
    };
    const label = (node) => {
      const name = narrow ? brief(node.label) : node.label;
      const inside = narrow ? (node.side === "left" ? "right" : "left") : node.side;
      const text = inside === "left" ? `{t|${name}}  {n|${node.count}}` : `{n|${node.count}}  {t|${name}}`;
      return {
        position: inside,
        formatter: text,
        textBorderColor: colours.surface,
        textBorderWidth: narrow ? 3 : 0,
        rich: {
          t: { color: colours.text, fontSize: 12, fontFamily: colours.font },
          n: { color: colours.text, fontSize: 12, fontWeight: 600, fontFamily: colours.font },
        },
      };
    };
    return {
      tooltip: tip(colours, ({ dataType, data: item }) => {
        if (dataType === "node") return tooltip(byId[item.name].label, [{ label: "phases", value: String(byId[item.name].count), state: byId[item.name].state }]);
        const target = byId[item.target];
        return tooltip(byId[item.source].label, [{ label: target.label, value: String(item.value), state: target.state }]);
      }, "item"),
      series: [
        {
          type: "sankey",
          left: side,
          right: narrow ? 0 : 180,
          top: 8,
          bottom: 8,
          nodeWidth: 8,
          nodeGap: 16,
          draggable: false,
          layoutIterations: 0,
          emphasis: { disabled: true },
          data: data.nodes.map((node) => ({ name: node.id, depth: node.side === "left" ? 0 : 1, itemStyle: { color: colours.fill(node.state), borderWidth: 0 }, label: label(node) })),
          links: data.links.map((link) => {
            const state = byId[link.target].state;
            return { source: link.source, target: link.target, value: link.count, lineStyle: { color: colours.fill(state), opacity: state === "complete" ? 0.22 : 0.42, curveness: 0.5 } };
          }),
        },
      ],
    };
  };
})();
