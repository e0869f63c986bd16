// Methods beside ldsc: spots by two methods, regions by all of them, for the chosen slice and trait.
const compared = report.data.compared;
const methodName = (method) => compared.methods.find((item) => item.method === method).name;
const ofPair = (rows) => rows.filter(([slice, trait]) => slice === report.sliceName(report.state.slice) && trait === report.traitName(report.state.trait));

async function comparedSpots() {
  const id = "compared-spots";
  const chosen = compared.scores[Number(report.byId("compared-score").value)];
  const slice = report.data.slices[report.state.slice];
  const pair = report.pair();
  const note = report.byId("compared-note");
  note.textContent = "";
  if (!slice || !pair || !pair.z || !pair.scores || !pair.scores[chosen.method]) { report.absent(id, `No scores of ${methodName(chosen.method)} for this slice and trait.`); return; }
  const current = report.turn(id);
  const [z, scores, codes, spots] = await Promise.all([pair.z, pair.scores[chosen.method], slice.region, slice.spots].map(report.unpack));
  if (!current()) return;
  report.ready(id);
  const names = slice.regions ? ["no region", ...slice.regions] : ["spots"];
  const known = Array.from(z.keys()).filter((i) => Number.isFinite(z[i]) && Number.isFinite(scores[i]));
  const size = Math.max(3, Math.min(7, 260 / Math.sqrt(known.length || 1)));
  // The few spots far from all others are drawn at the edge, as triangles.
  const [across, up] = [report.reach(known.map((i) => z[i])), report.reach(known.map((i) => scores[i]))];
  const held = (value, [low, high]) => Math.min(Math.max(value, low), high);
  const beyond = (i) => (scores[i] < up[0] ? "triangle-down" : scores[i] > up[1] ? "triangle-up" : z[i] < across[0] ? "triangle-left" : z[i] > across[1] ? "triangle-right" : "");
  const far = known.filter(beyond);
  const traces = names.map((name, code) => ({ name, code, order: known.filter((i) => (codes ? codes[i] === code : true)) })).filter(({ order }) => order.length)
    .map(({ name, code, order }) => ({
      type: report.scatterType(known.length), mode: "markers", cliponaxis: false, name: report.short(name, 26), x: order.map((i) => held(z[i], across)), y: order.map((i) => held(scores[i], up)), hoverinfo: "text",
      text: order.map((i) => `<b>${report.short(spots[i], 40)}</b><br>${report.short(name, 40)}<br>z of ldsc ${report.number(z[i])}<br>${report.short(chosen.title, 40)} ${report.number(scores[i])}`),
      marker: { size: order.map((i) => (beyond(i) ? size + 4 : size)), symbol: order.map((i) => beyond(i) || "circle"), opacity: 0.75, line: { width: 0 }, color: codes ? (code ? report.color(code - 1) : report.missingColor) : "#0b8a8f" },
    }));
  const line = { type: "line", line: { color: "#8a939b", width: 1, dash: "dot" }, layer: "below" };
  const shapes = [{ ...line, x0: 0, x1: 0, yref: "paper", y0: 0, y1: 1 }, ...(chosen.signed ? [{ ...line, y0: 0, y1: 0, xref: "paper", x0: 0, x1: 1 }] : [])];
  await report.draw(id, traces, {
    height: 430, shapes, showlegend: traces.length > 1, legend: { orientation: "h", y: -0.2, yanchor: "top", x: 0, font: { size: 11 } }, margin: { l: 56, r: 10, t: 10, b: 44 },
    xaxis: { title: { text: "z of ldsc" }, zeroline: false, range: across }, yaxis: { title: { text: report.short(chosen.title, 40) }, zeroline: false, range: up },
  }, {
    name: `${slice.name}_${report.traitName(report.state.trait)}_ldsc_${chosen.method}`,
    alt: `z of ldsc against ${chosen.title} of ${known.length} spots of ${slice.name}, ${report.traitName(report.state.trait)}.`,
    table: () => [["spot", "region", "z_ldsc", chosen.column], ...known.map((i) => [spots[i], codes && codes[i] ? slice.regions[codes[i] - 1] : "", z[i], scores[i]])],
  });
  const values = far.slice(0, 5).map((i) => `${report.number(z[i], 2)} and ${report.number(scores[i], 2)}`);
  note.textContent = [
    far.length ? `${far.length} ${far.length > 1 ? "spots lie" : "spot lies"} far from all others and ${far.length > 1 ? "are" : "is"} drawn at the edge (triangles): z of ldsc and ${chosen.title} ${values.join("; ")}${far.length > 5 ? " …" : ""}.` : "",
    slice.shown < slice.total ? `Drawn are ${slice.shown.toLocaleString("en")} of ${slice.total.toLocaleString("en")} spots, chosen at random; tables use all.` : "",
  ].filter(Boolean).join(" ");
}

function comparedCaption() {
  const chosen = compared.scores[Number(report.byId("compared-score").value)];
  const row = ofPair(compared.agreement).find(([, , a, b]) => a === "ldsc" && b === chosen.method);
  const words = row ? [`Spearman's correlation of ldsc and ${methodName(chosen.method)} over ${report.number(row[4])} spots: ${report.number(row[5], 2)}`, `of the 5 % highest spots of one, ${report.number(100 * row[6], 2)} % are the other's too (5 % by chance)`] : [];
  const best = ofPair(compared.regions).filter(([, , , method, , , p]) => method === "consensus" && p !== null).sort((a, b) => a[6] - b[6])[0];
  if (best) words.push(`consensus: ${best[2]}, P ${report.pValue(best[6])}, q ${report.pValue(best[7])}`);
  report.byId("compared-caption").textContent = words.join(" · ");
}

async function comparedRegions() {
  const id = "compared-regions";
  const rows = ofPair(compared.regions);
  if (!rows.length) { report.absent(id, "No comparison of this slice and trait."); return; }
  report.ready(id);
  const methods = compared.methods.filter(({ method }) => rows.some((row) => row[3] === method));
  const value = (region, method) => rows.find((row) => row[2] === region && row[3] === method) ?? [];
  const strength = (region) => value(region, methods.some(({ method }) => method === "consensus") ? "consensus" : "ldsc")[6] ?? 2;
  const regions = [...new Set(rows.map((row) => row[2]))].sort((a, b) => strength(b) - strength(a));
  const cellOf = (of) => regions.map((region) => methods.map(({ method }) => of(value(region, method))));
  const words = ([, , , , auc, , p]) => [auc === null || auc === undefined ? "–" : auc.toFixed(2), ...(p === null || p === undefined ? [] : [report.pValue(p)])].join("<br>");
  const narrow = (report.byId(id).clientWidth || 500) < 420;
  await report.draw(id, [{
    type: "heatmap", z: cellOf((row) => row[4] ?? null), x: methods.map(({ name }) => name.replace(" ", "<br>")), y: regions.map((_, i) => i), zmin: 0, zmax: 1,
    colorscale: [[0, "#a6611a"], [0.25, "#dfc27d"], [0.5, "#f7f7f7"], [0.75, "#80cdc1"], [1, "#01665e"]], xgap: 2, ygap: 2, text: cellOf(words), texttemplate: "%{text}", textfont: { size: narrow ? 9 : 11 },
    hovertext: regions.map((region) => methods.map(({ method, name }) => { const row = value(region, method); return `<b>${report.short(region, 40)}</b>, ${name}<br>AUC ${report.number(row[4])}${row[6] === null || row[6] === undefined ? "" : `<br>P ${report.pValue(row[6])}`}`; })), hoverinfo: "text",
    colorbar: { title: { text: "AUC", side: "top", font: { size: 11 } }, orientation: "h", y: 0, yanchor: "top", ypad: 14, len: 0.6, thickness: 10, outlinewidth: 0, tickfont: { size: 10 } },
  }], {
    height: 46 * regions.length + 110, margin: { l: 8, r: 8, t: 40, b: 64 },
    xaxis: { side: "top", showgrid: false, fixedrange: true, tickangle: 0, tickfont: { size: narrow ? 9 : 11 } },
    yaxis: { showgrid: false, zeroline: false, fixedrange: true, tickvals: regions.map((_, i) => i), ticktext: regions.map((region) => report.wrapped(region)), tickfont: { size: narrow ? 10 : 11 } },
  }, {
    name: `${report.sliceName(report.state.slice)}_${report.traitName(report.state.trait)}_methods`, bar: false,
    alt: `AUC and P of ${regions.length} regions by ${methods.length} methods.`,
    table: () => [["region", "method", "auc", "z", "p", "q"], ...rows.map((row) => row.slice(2))],
  });
}

report.drawCompared = async () => {
  comparedCaption();
  await comparedSpots();
  await comparedRegions();
};
report.startCompared = () => {
  const select = report.byId("compared-score");
  report.fill(select, compared.scores.map(({ title }) => title));
  select.addEventListener("change", report.drawCompared);
  report.listen(report.drawCompared);
  const table = report.byId("compared-table");
  report.sortable(table);
  report.exportsOf("compared", table, () => "methods_compared");
};
