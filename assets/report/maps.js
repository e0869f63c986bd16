// Maps of the spots: two panels with linked zoom, a selection by lasso or region, and its combined P.
const panels = { 1: { color: "log_p" }, 2: { color: "region", slice: null, trait: null } };
let selection = null; // {slice, trait, spots: sorted indices of shown spots}
let following = false;

const panelSlice = (panel) => panels[panel].slice ?? report.state.slice;
const panelTrait = (panel) => panels[panel].trait ?? report.state.trait;

function colorChoices(panel) {
  const slice = report.data.slices[panelSlice(panel)];
  const choices = [["log_p", "−log10 P"], ["z", "z"]];
  if (slice && slice.regions) choices.push(["region", "region"]);
  for (const gene of slice ? slice.genes : []) choices.push([`gene:${gene.name}`, `GSS of ${gene.name}`]);
  return choices;
}

function refreshChoices(panel) {
  const select = report.byId(`map-${panel}-color`);
  const choices = colorChoices(panel);
  select.replaceChildren(...choices.map(([value, text]) => report.element("option", { value, textContent: text })));
  if (!choices.some(([value]) => value === panels[panel].color)) panels[panel].color = "log_p";
  select.value = panels[panel].color;
}

// Values of the spots for a colour, with the scale that they are shown on.
async function shownValues(panel) {
  const slice = report.data.slices[panelSlice(panel)];
  const pair = report.pair(panelSlice(panel), panelTrait(panel));
  const { color } = panels[panel];
  if (color.startsWith("gene:")) {
    const gene = slice.genes.find(({ name }) => `gene:${name}` === color);
    const levels = await report.unpack(gene.levels);
    return { values: Float32Array.from(levels, (level) => (level / 255) * gene.top), title: `GSS of ${report.short(gene.name, 18)}`, scale: "Cividis", range: [0, gene.top] };
  }
  if (!pair || !pair.z) return null;
  if (color === "z") {
    const values = await report.unpack(pair.z);
    return { values, title: "z", scale: "RdBu", reverse: true, range: await scaleOf("z") };
  }
  return { values: await report.logP(pair), title: "−log<sub>10</sub> P", scale: "Viridis", range: await scaleOf("log_p") };
}

// One scale for both panels: to the 99.9th percentile of what either shows, and at least to 4.
async function scaleOf(color) {
  let top = 4;
  for (const panel of [1, 2]) {
    if (panel === 2 && !report.byId("maps-two").checked) continue;
    const pair = report.pair(panelSlice(panel), panelTrait(panel));
    if (!pair || !pair.z) continue;
    const values = color === "z" ? await report.unpack(pair.z) : await report.logP(pair);
    top = Math.max(top, report.quantile(values.filter(Number.isFinite).map(Math.abs), 0.999));
  }
  return color === "z" ? [-top, top] : [0, top];
}

const ascending = (values) => {
  const order = Uint32Array.from(values, (_, i) => i);
  const key = (i) => (Number.isNaN(values[i]) ? -Infinity : values[i]);
  return order.sort((a, b) => key(a) - key(b) || a - b);
};
const take = (values, order) => Array.from(order, (i) => values[i]);

report.hoverTexts = async (slice, pair) => {
  const [spots, codes, logs, z] = await Promise.all([report.unpack(slice.spots), report.unpack(slice.region), report.logP(pair), pair && pair.z ? report.unpack(pair.z) : null]);
  return (i) => {
    const lines = [`<b>${report.short(spots[i], 60)}</b>`];
    if (codes) lines.push(codes[i] ? report.short(slice.regions[codes[i] - 1], 60) : "no region");
    if (logs) lines.push(`P ${report.power(logs[i])}, z ${Number.isNaN(z[i]) ? "–" : z[i].toFixed(2).replace("-", "−")}`);
    return lines.join("<br>");
  };
};

report.drawMap = async (panel) => {
  const id = `map-${panel}`;
  if (!report.byId(id)) return;
  const slice = report.data.slices[panelSlice(panel)];
  const pair = report.pair(panelSlice(panel), panelTrait(panel));
  const note = report.byId(`${id}-note`);
  note.textContent = "";
  const sliceName = report.sliceName(panelSlice(panel));
  const traitName = report.traitName(panelTrait(panel));
  if (!slice || !slice.x) { report.absent(id, `No map of ${sliceName || "this slice"}: its coordinates are missing from the results.`); return; }
  const { color } = panels[panel];
  const [x, y, texts, shown] = await Promise.all([report.unpack(slice.x), report.unpack(slice.y), report.hoverTexts(slice, pair), color === "region" ? null : shownValues(panel)]);
  if (color !== "region" && !shown) { report.absent(id, `No map: associations of ${traitName || "a trait"} in ${sliceName} are missing from the results.`); return; }
  report.ready(id);
  const place = report.byId(id);
  const width = place.clientWidth || 500;
  const [left, right, low, high] = [x, y].flatMap((values) => [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), -Infinity)]);
  const [across, up] = [Math.max(right - left, 1e-9), Math.max(high - low, 1e-9)];
  const height = Math.round(Math.min(620, Math.max(300, (width - 90) * Math.min(1.25, up / across) + 40)));
  const perUnit = Math.min((width - 110) / across, (height - 40) / up);
  const size = Math.max(1.5, Math.min(16, Math.sqrt((across * up) / x.length) * perUnit * 0.92)) * Number(report.byId("maps-size").value);
  const type = report.scatterType(x.length);
  const chosen = selection && selection.slice === panelSlice(panel) ? new Set(selection.spots) : null;
  const trace = (order, marker, more = {}) => ({
    type, mode: "markers", x: take(x, order), y: take(y, order), customdata: Array.from(order), text: Array.from(order, texts), hoverinfo: "text", showlegend: false,
    marker: { size, line: { width: 0 }, ...marker }, unselected: { marker: { opacity: 0.12 } },
    ...(chosen ? { selectedpoints: Array.from(order, (i, at) => (chosen.has(i) ? at : -1)).filter((at) => at >= 0) } : {}), ...more,
  });
  let traces;
  if (color === "region") {
    const codes = await report.unpack(slice.region);
    const groups = ["no region", ...slice.regions].map((name, code) => ({ name, code, order: Array.from(codes.keys()).filter((i) => codes[i] === code) }));
    traces = groups.filter(({ order }) => order.length).map(({ name, code, order }) =>
      trace(order, { color: code ? report.color(code - 1) : "#b5bcc2" }, { name: report.short(name, 26), showlegend: true }));
  } else {
    const missing = Array.from(shown.values.keys()).filter((i) => Number.isNaN(shown.values[i]));
    const order = ascending(shown.values).filter((i) => !Number.isNaN(shown.values[i]));
    traces = [trace(order, { color: take(shown.values, order), colorscale: shown.scale, reversescale: Boolean(shown.reverse), cmin: shown.range[0], cmax: shown.range[1],
      colorbar: { title: { text: shown.title }, thickness: 12, outlinewidth: 0, len: 0.75, tickfont: { size: 11 } } })];
    if (missing.length) {
      traces.push(trace(missing, { color: "#b5bcc2", symbol: "x-thin-open", line: { width: 1 } }));
      note.textContent = `${missing.length.toLocaleString("en")} ${missing.length === 1 ? "spot has" : "spots have"} no estimate (grey crosses). `;
    }
  }
  if (slice.shown < slice.total) note.textContent += `Drawn and selectable are ${slice.shown.toLocaleString("en")} of ${slice.total.toLocaleString("en")} spots, chosen at random; tables and tests use all. `;
  const hidden = { showgrid: false, zeroline: false, showticklabels: false, ticks: "", title: { text: "" } };
  const flip = report.byId("maps-flip").checked;
  await report.draw(id, traces, {
    height, xaxis: { ...hidden, constrain: "domain" }, yaxis: { ...hidden, scaleanchor: "x", autorange: flip ? "reversed" : true, constrain: "domain" },
    legend: { orientation: "h", y: -0.02, yanchor: "top", x: 0, font: { size: 11 } }, uirevision: `${panelSlice(panel)}-${flip}`, selectionrevision: JSON.stringify(selection ? selection.serial : 0),
  }, {
    name: `${sliceName}_${color === "region" ? "regions" : traitName}_${color.replace("gene:", "")}`,
    buttons: ["zoom2d", "pan2d", "lasso2d", "select2d", "resetScale2d"],
    alt: `Map of ${sliceName}: ${color === "region" ? "regions" : color.startsWith("gene:") ? `specificity of ${color.slice(5)}` : `association with ${traitName}`}, ${slice.shown} spots.`,
    table: () => report.spotRows(panelSlice(panel), panelTrait(panel)),
  });
  connect(panel, place);
};

report.spotRows = async (sliceIndex, traitIndex, only) => {
  const slice = report.data.slices[sliceIndex];
  const pair = report.pair(sliceIndex, traitIndex);
  const [spots, x, y, codes, logs, z] = await Promise.all([report.unpack(slice.spots), report.unpack(slice.x), report.unpack(slice.y), report.unpack(slice.region), report.logP(pair), pair && pair.z ? report.unpack(pair.z) : null]);
  const rows = [["spot", "x", "y", "region", "z", "neg_log10_p"]];
  for (const i of only ?? spots.keys()) rows.push([spots[i], x[i], y[i], codes && codes[i] ? slice.regions[codes[i] - 1] : "", z ? z[i] : null, logs ? logs[i] : null]);
  return rows;
};

function connect(panel, place) {
  if (place.dataset.connected) return;
  place.dataset.connected = "yes";
  place.on("plotly_selected", (event) => {
    if (event && event.points && event.points.length) select(panel, event.points.map(({ customdata }) => customdata));
  });
  place.on("plotly_deselect", () => select(panel, []));
  place.on("plotly_relayout", async (change) => {
    const other = panel === 1 ? 2 : 1;
    if (following || panelSlice(1) !== panelSlice(2) || !report.plots.has(`map-${other}`) || !report.byId("maps-two").checked) return;
    if (!Object.keys(change).some((key) => /^[xy]axis\.(range|autorange)/.test(key))) return;
    following = true;
    const { xaxis, yaxis } = place.layout;
    await Plotly.relayout(report.byId(`map-${other}`), { "xaxis.range": [...xaxis.range], "yaxis.range": [...yaxis.range] });
    following = false;
  });
}

let serial = 0;
async function select(panel, spots) {
  serial += 1;
  selection = spots.length ? { slice: panelSlice(panel), trait: panelTrait(panel), spots: [...new Set(spots)].sort((a, b) => a - b), serial } : null;
  await describe();
  await drawMaps();
}
report.select = select;

async function describe() {
  const box = report.byId("selection");
  box.hidden = !selection;
  if (!selection) { report.byId("maps-region").value = ""; return; }
  const slice = report.data.slices[selection.slice];
  const logs = await report.logP(report.pair(selection.slice, selection.trait));
  const codes = await report.unpack(slice.region);
  const tested = logs ? selection.spots.map((i) => logs[i]).filter((log) => !Number.isNaN(log)) : [];
  const counts = new Map();
  if (codes) for (const i of selection.spots) counts.set(codes[i], (counts.get(codes[i]) ?? 0) + 1);
  const regions = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 4).map(([code, n]) => `${code ? slice.regions[code - 1] : "no region"} ${n.toLocaleString("en")}`);
  const lines = [`${selection.spots.length.toLocaleString("en")} spots of ${slice.name}`];
  if (tested.length) lines.push(`${report.traitName(selection.trait)}: P Cauchy ${report.power(report.cauchy(tested))}, median P ${report.power(report.quantile(tested, 0.5))}`);
  if (regions.length) lines.push(regions.join(", ") + (counts.size > 4 ? " …" : ""));
  report.byId("selection-text").textContent = lines.join(" · ");
}

function caption() {
  const { heatmap } = report.data;
  const trait = heatmap.traits.indexOf(report.traitName(report.state.trait));
  const rows = heatmap.columns.map(([of, region], i) => ({ of, region, p: heatmap.values[report.data.q_from]?.[trait]?.[i] ?? null, q: heatmap.values.q?.[trait]?.[i] ?? null }))
    .filter(({ of, p }) => of === report.sliceName(report.state.slice) && p !== null).sort((a, b) => a.p - b.p).slice(0, 3);
  report.byId("maps-caption").textContent = rows.length
    ? `${report.traitName(report.state.trait)} in ${report.sliceName(report.state.slice)}: ${rows.map(({ region, p, q }) => `${region} P ${report.pValue(p)}, q ${report.pValue(q)}`).join(" · ")}` : "";
}

async function drawMaps() {
  const two = report.byId("maps-two").checked;
  report.byId("map-2-figure").hidden = !two;
  document.querySelector(".maps").classList.toggle("one", !two);
  await report.drawMap(1);
  if (two) await report.drawMap(2);
}
report.drawMaps = drawMaps;

report.startMaps = () => {
  const names = { slice: report.data.slices.map(({ name }) => name), trait: report.data.traits.map(({ name }) => name) };
  for (const part of ["slice", "trait"]) {
    const own = report.byId(`map-2-${part}`);
    report.fill(own, ["as left", ...names[part]]);
    own.addEventListener("change", () => {
      panels[2][part] = own.selectedIndex > 0 ? own.selectedIndex - 1 : null;
      refreshChoices(2);
      drawMaps();
    });
  }
  for (const panel of [1, 2]) {
    report.byId(`map-${panel}-color`).addEventListener("change", (event) => {
      panels[panel].color = event.target.value;
      drawMaps();
    });
  }
  for (const id of ["maps-size", "maps-flip", "maps-two"]) report.byId(id).addEventListener("change", drawMaps);
  report.byId("maps-region").addEventListener("change", async ({ target }) => {
    const code = Number(target.value);
    const codes = await report.unpack(report.data.slices[report.state.slice].region);
    await select(1, target.value === "" ? [] : Array.from(codes.keys()).filter((i) => codes[i] === code));
  });
  report.byId("selection-clear").addEventListener("click", () => select(1, []));
  report.byId("selection-csv").addEventListener("click", async () => {
    const rows = await report.spotRows(selection.slice, selection.trait, selection.spots);
    report.save(`${report.safeName(report.sliceName(selection.slice))}_selected_spots.csv`, report.rowsAsText(rows, ","), "text/csv");
  });
  report.showGene = (gene) => {
    panels[1].color = `gene:${gene}`;
    refreshChoices(1);
    report.byId("maps").scrollIntoView();
    return drawMaps();
  };
  report.refreshMaps = (changes) => {
    if ("slice" in changes) {
      selection = null;
      describe();
      const slice = report.data.slices[report.state.slice];
      report.byId("maps-region").replaceChildren(report.element("option", { value: "", textContent: "none" }), ...((slice && slice.regions) || []).map((name, i) => report.element("option", { value: String(i + 1), textContent: name })));
    } else if (selection) { selection.trait = report.state.trait; describe(); }
    for (const panel of [1, 2]) refreshChoices(panel);
    caption();
    return drawMaps();
  };
  report.listen((_, changes) => report.refreshMaps(changes));
};
