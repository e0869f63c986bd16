// The picture at the top: the map of the strongest finding, small; a click leads to it.
report.drawLead = async () => {
  const box = report.byId("lead");
  if (!box) return;
  const slice = report.data.slices.findIndex(({ name }) => name === box.dataset.slice);
  const trait = report.data.traits.findIndex(({ name }) => name === box.dataset.trait);
  const [of, pair] = [report.data.slices[slice], report.pair(slice, trait)];
  if (!of || !of.x || !pair || !pair.z) { box.remove(); return; }
  const [x, y, { values, range, title }] = await Promise.all([report.unpack(of.x), report.unpack(of.y), report.colorValues("log_p", of, pair, [pair])]);
  const order = ascending(values).filter((i) => !Number.isNaN(values[i]));
  const width = report.byId("lead-plot").clientWidth || 320;
  const [across, up] = [x, y].map(report.extent).map(([low, high]) => Math.max(high - low, 1e-9));
  const height = Math.round(Math.min(330, Math.max(150, width * (up / across))));
  const size = Math.max(1.2, Math.min(14, Math.sqrt((across * up) / x.length) * Math.min(width / across, height / up) * (of.drawn_on ? 0.5 : 0.92)));
  const hidden = { showgrid: false, zeroline: false, showticklabels: false, ticks: "", automargin: false, fixedrange: true };
  await report.draw("lead-plot", [{
    type: report.scatterType(x.length), mode: "markers", x: take(x, order), y: take(y, order), hoverinfo: "none",
    marker: { size, line: { width: 0 }, color: take(values, order), colorscale: "Viridis", cmin: range[0], cmax: range[1],
      colorbar: { orientation: "h", thickness: 8, len: 0.6, y: -0.01, yanchor: "top", outlinewidth: 0, tickfont: { size: 10 }, title: { text: title, side: "right", font: { size: 11 } } } },
  }], { height: height + 50, margin: { l: 4, r: 4, t: 4, b: 46 }, dragmode: false, xaxis: { ...hidden, constrain: "domain" }, yaxis: { ...hidden, scaleanchor: "x", constrain: "domain" } }, {
    bar: false, name: "lead", alt: `Map of ${of.name}: −log10 P of ${report.traitName(trait)}, the strongest finding of the run.`,
  });
};
