// Maps of the spots: two panels with linked zoom.
const panels = { 1: { color: "log_p" }, 2: { color: "region", slice: null, trait: null } };
let following = false;
const ofTrait = (color) => /^(log_p$|z$|score:)/.test(color);

const panelSlice = (panel) => panels[panel].slice ?? report.state.slice;
const panelTrait = (panel) => panels[panel].trait ?? report.state.trait;
const twoMaps = () => report.byId("maps-two").checked;
const shownPairs = () => (twoMaps() ? [1, 2] : [1]).map((panel) => report.pair(panelSlice(panel), panelTrait(panel))).filter((pair) => pair && pair.z);

function refreshColors(panel) {
  panels[panel].color = report.fillColors(report.byId(`map-${panel}-color`), report.data.slices[panelSlice(panel)], panels[panel].color);
}

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
  const current = report.turn(id);
  const slice = report.data.slices[panelSlice(panel)];
  const pair = report.pair(panelSlice(panel), panelTrait(panel));
  const note = report.byId(`${id}-note`);
  note.textContent = "";
  const sliceName = report.sliceName(panelSlice(panel));
  const traitName = report.traitName(panelTrait(panel));
  if (!slice || !slice.x) { report.absent(id, `No map of ${sliceName || "this slice"}: its coordinates are missing from the results.`); return; }
  const { color } = panels[panel];
  const [x, y, texts, shown] = await Promise.all([report.unpack(slice.x), report.unpack(slice.y), report.hoverTexts(slice, pair), color === "region" ? null : report.colorValues(color, slice, pair, shownPairs())]);
  if (!current()) return;
  if (color !== "region" && !shown) { report.absent(id, `No map: ${color.startsWith("score:") ? report.colorTitle(color) : "associations"} of ${traitName || "a trait"} in ${sliceName} ${color.startsWith("score:") ? "is" : "are"} missing from the results.`); return; }
  report.ready(id);
  const place = report.byId(id);
  const width = place.clientWidth || 500;
  const [left, right, low, high] = [x, y].flatMap(report.extent);
  const [across, up] = [Math.max(right - left, 1e-9), Math.max(high - low, 1e-9)];
  // The same room for colour bar and legend in both panels, so that the maps lie side by side at one scale.
  const margin = { l: 8, r: 96, t: 30, b: legendRoom(panel, width), autoexpand: false };
  const height = Math.round(Math.min(680, Math.max(260, (width - margin.r) * Math.min(1.25, up / across))) + margin.t + margin.b);
  const perUnit = Math.min((width - margin.l - margin.r) / across, (height - margin.t - margin.b) / up);
  const size = Math.max(1.5, Math.min(16, Math.sqrt((across * up) / x.length) * perUnit * (slice.drawn_on ? 0.5 : 0.92))) * Number(report.byId("maps-size").value);
  const type = report.scatterType(x.length);
  const chosen = report.selected(panelSlice(panel));
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
      trace(order, { color: code ? report.color(code - 1) : report.missingColor }, { name: report.short(name, 26), showlegend: true }));
  } else {
    const missing = Array.from(shown.values.keys()).filter((i) => Number.isNaN(shown.values[i]));
    const more = {};
    const order = ascending(shown.values).filter((i) => !Number.isNaN(shown.values[i]));
    if (!/^(log_p|z)$/.test(color)) more.text = Array.from(order, (i) => `${texts(i)}<br>${report.short(report.colorTitle(color), 60)} ${report.number(shown.values[i])}`);
    traces = [trace(order, { color: take(shown.values, order), colorscale: shown.scale, cmin: shown.range[0], cmax: shown.range[1],
      colorbar: { title: { text: shown.title, font: { size: 12 } }, thickness: 12, outlinewidth: 0, len: 0.75, tickfont: { size: 11 } } }, more)];
    if (missing.length) {
      traces.push(trace(missing, { color: report.missingColor, symbol: "x-thin-open", line: { width: 1 } }));
      note.textContent = `${missing.length.toLocaleString("en")} ${missing.length === 1 ? "spot has" : "spots have"} no value (grey crosses). `;
    }
  }
  if (slice.drawn_on) note.textContent += `Single cells without coordinates: each dot is a cell, drawn on the ${slice.drawn_on}; distances are of expression, not of tissue. `;
  if (slice.shown < slice.total) note.textContent += `Drawn and selectable are ${slice.shown.toLocaleString("en")} of ${slice.total.toLocaleString("en")} spots, chosen at random; tables and tests use all. `;
  const hidden = { showgrid: false, zeroline: false, showticklabels: false, ticks: "", title: { text: "" } };
  const flip = report.byId("maps-flip").checked;
  await report.draw(id, traces, {
    height, margin, xaxis: { ...hidden, automargin: false, constrain: "domain" }, yaxis: { ...hidden, automargin: false, scaleanchor: "x", autorange: flip ? "reversed" : true, constrain: "domain" },
    dragmode: report.dragmode ?? "zoom", legend: { orientation: "h", y: -0.02, yanchor: "top", x: 0, font: { size: 11 } }, uirevision: `${panelSlice(panel)}-${flip}`, selectionrevision: String(report.selectionSerial()),
  }, {
    name: `${sliceName}_${ofTrait(color) ? `${traitName}_${color.replace(":", "_")}` : color.replace(":", "_")}`,
    buttons: ["zoom2d", "pan2d", "lasso2d", "select2d", "resetScale2d"],
    alt: `Map of ${sliceName}: ${report.colorTitle(color)}${ofTrait(color) ? `, ${traitName}` : ""}, ${slice.shown} spots.`,
    table: async () => withShown(await report.spotRows(panelSlice(panel), panelTrait(panel)), color, shown),
  });
  connect(panel, place);
};

// Pixels below a map for the legend of regions, where it or the map beside it shows them.
function legendRoom(panel, width) {
  const beside = twoMaps() && window.matchMedia("(min-width: 1001px)").matches ? [1, 2] : [panel];
  const shown = beside.filter((panel) => panels[panel].color === "region").map((panel) => report.data.slices[panelSlice(panel)]);
  const most = Math.max(0, ...shown.map((slice) => (slice && slice.regions ? slice.regions.length + 1 : 0)));
  const longest = Math.max(0, ...shown.flatMap((slice) => (slice && slice.regions ? slice.regions : []).map((name) => Math.min(26, name.length))));
  return most ? 14 + 19 * Math.ceil(most / Math.max(1, Math.floor((width - 104) / (46 + 6.2 * longest)))) : 8;
}

// The rows of the spots with the value that the map shows, where it is not among them.
function withShown(rows, color, shown) {
  if (["log_p", "z", "region"].includes(color)) return rows;
  return rows.map((row, i) => [...row, i ? shown.values[i - 1] : report.colorTitle(color)]);
}

function connect(panel, place) {
  if (place.dataset.connected) return;
  place.dataset.connected = "yes";
  place.on("plotly_selected", (event) => {
    if (event && event.points && event.points.length) report.select(panelSlice(panel), panelTrait(panel), event.points.map(({ customdata }) => customdata));
  });
  place.on("plotly_deselect", () => report.select(panelSlice(panel), panelTrait(panel), []));
  place.on("plotly_relayout", async (change) => {
    if (change.dragmode) report.dragmode = change.dragmode;
    const other = panel === 1 ? 2 : 1;
    if (following || panelSlice(1) !== panelSlice(2) || !report.plots.has(`map-${other}`) || !twoMaps()) return;
    if (!Object.keys(change).some((key) => /^[xy]axis\.(range|autorange)/.test(key))) return;
    following = true;
    const { xaxis, yaxis } = place.layout;
    await Plotly.relayout(report.byId(`map-${other}`), { "xaxis.range": [...xaxis.range], "yaxis.range": [...yaxis.range] });
    following = false;
  });
}

function caption() {
  const { heatmap } = report.data;
  const trait = heatmap.traits.indexOf(report.traitName(report.state.trait));
  const rows = heatmap.columns.map(([of, region], i) => ({ of, region, p: heatmap.values[report.data.q_from]?.[trait]?.[i] ?? null, q: heatmap.values.q?.[trait]?.[i] ?? null }))
    .filter(({ of, p }) => of === report.sliceName(report.state.slice) && p !== null).sort((a, b) => a.p - b.p).slice(0, 3);
  report.byId("maps-caption").textContent = rows.length
    ? `${report.traitName(report.state.trait)} in ${report.sliceName(report.state.slice)}: ${rows.map(({ region, p, q }) => `${region} P ${report.pValue(p)}, q ${report.pValue(q)}`).join(" · ")}` : "";
}

report.drawMaps = async () => {
  const two = twoMaps();
  report.byId("map-2-figure").hidden = !two;
  document.querySelector(".maps").classList.toggle("one", !two);
  await report.drawMap(1);
  if (two) await report.drawMap(2);
};

report.startMaps = () => {
  const names = { slice: report.data.slices.map(({ name }) => name), trait: report.data.traits.map(({ name }) => name) };
  for (const part of ["slice", "trait"]) {
    const own = report.byId(`map-2-${part}`);
    report.fill(own, ["as left", ...names[part]]);
    own.addEventListener("change", () => {
      panels[2][part] = own.selectedIndex > 0 ? own.selectedIndex - 1 : null;
      refreshColors(2);
      report.drawMaps();
    });
  }
  for (const panel of [1, 2]) {
    report.byId(`map-${panel}-color`).addEventListener("change", (event) => {
      panels[panel].color = event.target.value;
      report.drawMaps();
    });
  }
  for (const id of ["maps-size", "maps-flip", "maps-two"]) report.byId(id).addEventListener("change", report.drawMaps);
  report.showGene = (gene) => {
    panels[1].color = `gene:${gene}`;
    refreshColors(1);
    report.byId("maps").scrollIntoView();
    return report.drawMaps();
  };
  report.refreshMaps = async (changes) => {
    for (const panel of [1, 2]) refreshColors(panel);
    caption();
    await report.refreshSelection(changes);
    return report.drawMaps();
  };
  report.listen((_, changes) => report.refreshMaps(changes));
};
