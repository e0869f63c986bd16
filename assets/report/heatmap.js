// Traits by regions.
const heatmapValues = {
  p_cauchy: { title: "−log10 P Cauchy", log: true }, p_mean: { title: "−log10 P mean", log: true },
  p_contrast: { title: "−log10 P contrast", log: true }, z_mean: { title: "z of the region's mean", signed: true },
  z_contrast: { title: "z of the contrast", signed: true }, odds_ratio: { title: "log2 odds ratio", ratio: true }, q: { title: "−log10 q, signed", signed: true, signedLog: true },
};

report.heatmapCells = (name, slice, cluster) => {
  const { heatmap } = report.data;
  const style = heatmapValues[name];
  const rows = cluster ? heatmap.trait_order : heatmap.traits.map((_, i) => i);
  const columns = (cluster ? heatmap.column_order : heatmap.columns.map((_, i) => i)).filter((i) => slice === "" || heatmap.columns[i][0] === slice);
  const convert = (value) => (value === null ? null : style.log ? -Math.log10(Math.max(value, 1e-300)) + 0 : style.ratio ? (value > 0 ? Math.log2(value) : null) : value);
  const matrix = heatmap.values[name];
  // q has the sign of the test's z: below 0 the heritability avoids the region.
  const signs = heatmap.values[report.data.q_from === "p_contrast" ? "z_contrast" : "z_mean"];
  const signedLog = (r, c) => (matrix[r][c] === null ? null : -Math.log10(Math.max(matrix[r][c], 1e-300)) * ((signs?.[r][c] ?? 1) < 0 ? -1 : 1) + 0);
  return { rows, columns, z: rows.map((r) => columns.map((c) => (style.signedLog ? signedLog(r, c) : convert(matrix[r][c])))) };
};

report.drawHeatmap = () => {
  const { heatmap } = report.data;
  const name = report.byId("heatmap-value").value;
  if (!name) { report.absent("heatmap-plot", "No region has a P."); return; }
  const style = heatmapValues[name];
  const slice = report.byId("heatmap-slice").selectedIndex > 0 ? report.sliceName(report.byId("heatmap-slice").selectedIndex - 1) : "";
  const { rows, columns, z } = report.heatmapCells(name, slice, report.byId("heatmap-cluster").checked);
  const several = slice === "" && new Set(heatmap.columns.map(([of]) => of)).size > 1;
  const at = (key, r, c) => (heatmap.values[key] ? heatmap.values[key][r][c] : null);
  const text = rows.map((r) => columns.map((c) => {
    const [of, region] = heatmap.columns[c];
    const lines = [`<b>${report.short(heatmap.traits[r], 60)}</b>`, `${report.short(region, 60)} in ${report.short(of, 60)}`, `P Cauchy ${report.pValue(at("p_cauchy", r, c))}, q ${report.pValue(at("q", r, c))}`];
    if (heatmap.values.p_contrast) lines.push(`P mean ${report.pValue(at("p_mean", r, c))}, P contrast ${report.pValue(at("p_contrast", r, c))}`);
    if (heatmap.values.odds_ratio) lines.push(`odds ratio ${report.number(at("odds_ratio", r, c))}, ${report.number(at("n_spots", r, c))} spots`);
    return lines.join("<br>");
  }));
  const flat = z.flat().filter((value) => value !== null);
  const largest = flat.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const range = style.signed ? [-Math.max(largest, 4), Math.max(largest, 4)] : style.ratio ? [-Math.max(largest, 2), Math.max(largest, 2)] : [0, Math.max(largest, 4)];
  const stars = { x: [], y: [], color: [] };
  rows.forEach((r, y) => columns.forEach((c, x) => {
    const q = at("q", r, c);
    if (q !== null && q < report.data.significant) {
      stars.x.push(x); stars.y.push(y);
      const bright = style.log ? z[y][x] > 0.55 * range[1] : Math.abs(z[y][x] ?? 0) < 0.5 * range[1];
      stars.color.push(bright ? "#111" : "#fff");
    }
  }));
  const place = report.byId("heatmap-plot");
  const labels = columns.map((c) => (several ? `${report.short(heatmap.columns[c][1], 24)} · ${report.short(heatmap.columns[c][0], 18)}` : report.short(heatmap.columns[c][1])));
  const traces = [
    { type: "heatmap", z, text, hoverinfo: "text", xgap: 2, ygap: 2, zmin: range[0], zmax: range[1], colorscale: style.log ? "Viridis" : "RdBu",
      colorbar: { title: { text: style.title, side: "right" }, thickness: 12, outlinewidth: 0, lenmode: "pixels", len: rows.length > 1 ? 150 : 110, y: 1, yanchor: "top", tickfont: { size: 11 } } },
    { type: "scatter", mode: "text", x: stars.x, y: stars.y, text: stars.x.map(() => "★"), textfont: { color: stars.color, size: 13 }, hoverinfo: "skip", showlegend: false },
  ];
  const rowHeight = Math.max(26, Math.min(46, 220 / rows.length));
  const wide = columns.length > 40;
  // Names wider than their column are slanted, and need room below: by the longest of them.
  const longest = Math.max(...labels.map((label) => label.length));
  const column = ((place.clientWidth || 900) - 190) / Math.max(1, columns.length);
  const slanted = several || columns.length > 8 || 6.2 * longest > 2 * column;
  const room = slanted ? 40 + 5.5 * longest : 90;
  return report.draw("heatmap-plot", traces, {
    height: Math.max(190, rows.length * rowHeight + room),
    xaxis: { tickvals: columns.map((_, i) => i), ticktext: labels, showgrid: false, zeroline: false, ticklabeloverflow: "allow", tickangle: slanted ? -60 : "auto", tickfont: { size: wide ? 9 : 11 }, range: [-0.5, columns.length - 0.5] },
    yaxis: { tickvals: rows.map((_, i) => i), ticktext: rows.map((r) => report.short(heatmap.traits[r], 26)), showgrid: false, zeroline: false, autorange: false, range: [rows.length - 0.5, -0.5] },
  }, {
    name: `heatmap_${name}`, bar: false,
    alt: `Heat map, ${style.title}: ${rows.length} traits by ${columns.length} regions. ${stars.x.length} cells have q below ${report.data.significant}.`,
    table: () => [["trait", "slice", "region", name], ...rows.flatMap((r) => columns.map((c) => [heatmap.traits[r], ...heatmap.columns[c], heatmap.values[name][r][c]]))],
  }).then(() => {
    if (place.dataset.clicks) return;
    place.dataset.clicks = "yes";
    place.on("plotly_click", ({ points }) => report.heatmapClick(points[0].x, points[0].y));
  });
};

report.heatmapClick = (x, y) => {
  const slice = report.byId("heatmap-slice").selectedIndex > 0 ? report.sliceName(report.byId("heatmap-slice").selectedIndex - 1) : "";
  const { rows, columns } = report.heatmapCells(report.byId("heatmap-value").value, slice, report.byId("heatmap-cluster").checked);
  const { heatmap } = report.data;
  report.showPair(heatmap.columns[columns[x]][0], heatmap.traits[rows[y]]);
};

report.startHeatmap = () => {
  const select = report.byId("heatmap-value");
  if (!select) return;
  const offered = Object.entries(heatmapValues).filter(([name]) => report.data.heatmap.values[name]);
  select.replaceChildren(...offered.map(([name, { title }]) => report.element("option", { value: name, textContent: title })));
  if (offered.some(([name]) => name === report.data.q_from)) select.value = report.data.q_from;
  report.fill(report.byId("heatmap-slice"), ["all slices", ...report.data.slices.map(({ name }) => name)]);
  for (const part of ["value", "slice", "cluster"]) report.byId(`heatmap-${part}`).addEventListener("change", report.drawHeatmap);
  if (report.data.heatmap.traits.length < 3) report.byId("heatmap-cluster").closest("label").hidden = report.data.heatmap.columns.length < 3;
};
