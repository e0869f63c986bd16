// What tells whether to believe a map: QQ plot, embedding, training curves.
async function qq() {
  const logs = await report.logP(report.pair());
  if (!logs) { report.absent("qq-plot", "No spots of this slice and trait."); return; }
  report.ready("qq-plot");
  const sorted = Float32Array.from(logs.filter((log) => !Number.isNaN(log))).sort().reverse();
  const n = sorted.length;
  // All of the strongest thousand, then ever fewer: the line looks the same.
  const kept = Array.from(sorted.keys()).filter((i) => i < 1000 || i % Math.ceil(n / 2000) === 0);
  const expected = kept.map((i) => -Math.log10((i + 0.5) / n));
  const observed = kept.map((i) => sorted[i]);
  const top = Math.max(expected[0] ?? 1, observed[0] ?? 1) * 1.04;
  const edge = expected[0] ?? 1;
  await report.draw("qq-plot", [
    { type: "scatter", mode: "lines", x: [0, edge], y: [0, edge], line: { color: "#8a939b", width: 1, dash: "dash" }, hoverinfo: "skip", showlegend: false },
    { type: "scatter", mode: "markers", x: expected, y: observed, marker: { size: 4, color: "#0b8a8f" }, hovertemplate: "expected %{x:.2f}, observed %{y:.2f}<extra></extra>", showlegend: false },
  ], { height: 300, xaxis: { title: { text: "Expected −log<sub>10</sub> P" }, zeroline: false, rangemode: "tozero" }, yaxis: { title: { text: "Observed −log<sub>10</sub> P" }, range: [0, top], zeroline: false }, margin: { l: 50, r: 10, t: 10, b: 44 } }, {
    name: `${report.sliceName(report.state.slice)}_${report.traitName(report.state.trait)}_qq`,
    alt: `QQ plot of the P of ${n} spots of ${report.sliceName(report.state.slice)}, ${report.traitName(report.state.trait)}; strongest −log10 P ${report.number(observed[0])}.`,
    table: () => [["expected_neg_log10_p", "observed_neg_log10_p"], ...kept.map((_, i) => [expected[i], observed[i]])],
  });
}

async function plane() {
  const slice = report.data.slices[report.state.slice];
  if (!slice || !slice.plane) { report.absent("plane-plot", "No embedding of this slice (embedding.h5ad)."); return; }
  report.ready("plane-plot");
  const [x, y, codes, spots] = await Promise.all([slice.plane.x, slice.plane.y, slice.region, slice.spots].map(report.unpack));
  const names = slice.regions ? ["no region", ...slice.regions] : ["spots"];
  const type = report.scatterType(x.length);
  const traces = names.map((name, code) => ({ name, code, order: Array.from(x.keys()).filter((i) => (codes ? codes[i] === code : true)) }))
    .filter(({ order }) => order.length)
    .map(({ name, code, order }) => ({ type, mode: "markers", name: report.short(name, 22), x: take(x, order), y: take(y, order), text: order.map((i) => `${report.short(spots[i], 40)}<br>${report.short(name, 40)}`), hoverinfo: "text",
      marker: { size: Math.max(2, Math.min(5, 240 / Math.sqrt(x.length))), color: codes ? (code ? report.color(code - 1) : "#b5bcc2") : "#0b8a8f", line: { width: 0 } }, showlegend: false }));
  const placed = x.reduce((sum, value) => sum + !Number.isNaN(value), 0);
  const axis = placed < x.length ? `${slice.plane.name}, ${placed.toLocaleString("en")} of the spots` : slice.plane.name;
  const hidden = { showgrid: false, zeroline: false, showticklabels: false, ticks: "" };
  await report.draw("plane-plot", traces, { height: 300, xaxis: { ...hidden, title: { text: report.short(axis, 60) } }, yaxis: hidden, margin: { l: 8, r: 8, t: 8, b: 36 } }, {
    name: `${slice.name}_embedding`, alt: `${slice.plane.name} of ${slice.name}, coloured by region.`,
    table: () => [["spot", "axis_1", "axis_2", "region"], ...spots.map((spot, i) => [spot, x[i], y[i], codes && codes[i] ? slice.regions[codes[i] - 1] : ""])],
  });
}

async function curves() {
  const slices = report.data.slices.filter(({ curve }) => curve && curve.epoch);
  if (!slices.length) { report.absent("curve-plot", "No training curve: the embedding was not trained, or is not among the results."); return; }
  const traces = [];
  const rows = [["slice", "epoch", "measure", "value"]];
  for (const [i, slice] of slices.entries()) {
    const epoch = await report.unpack(slice.curve.epoch);
    for (const [measure, packed] of Object.entries(slice.curve)) {
      if (measure === "epoch") continue;
      const values = await report.unpack(packed);
      values.forEach((value, at) => rows.push([slice.name, epoch[at], measure, value]));
      if (/loss$/.test(measure)) traces.push({ type: "scatter", mode: "lines", name: report.short(slice.name, 20), showlegend: measure === "loss", legendgroup: slice.name, x: Array.from(epoch), y: Array.from(values), line: { width: 2, color: report.color(i), dash: measure === "loss" ? "solid" : "dot" }, hovertemplate: `${report.short(slice.name, 30).replace(/%/g, "&#37;")}: epoch %{x}, ${measure.replaceAll("_", " ")} %{y:.4g}<extra></extra>` });
    }
  }
  await report.draw("curve-plot", traces, { height: 300, showlegend: true, legend: { x: 1, xanchor: "right", y: 1 }, xaxis: { title: { text: "Epoch" }, zeroline: false }, yaxis: { title: { text: "Loss" }, zeroline: false }, margin: { l: 50, r: 10, t: 10, b: 44 } }, {
    name: "training_curves", alt: `Training loss per epoch of ${slices.length} slices.`, table: () => rows,
  });
}

report.drawTrust = async () => {
  await qq();
  await plane();
};
report.startTrust = () => {
  report.listen(() => report.drawTrust());
  report.drawCurves = curves;
};
