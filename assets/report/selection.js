// Spots chosen by lasso, box or region: their combined P, and a CSV of them.
let selection = null; // {slice, trait, spots: sorted indices of shown spots, serial}
let serial = 0;

report.selected = (slice) => (selection && selection.slice === slice ? new Set(selection.spots) : null);
report.selectionSerial = () => (selection ? selection.serial : 0);

report.select = async (slice, trait, spots) => {
  serial += 1;
  selection = spots.length ? { slice, trait, spots: [...new Set(spots)].sort((a, b) => a - b), serial } : null;
  await describe();
  await report.drawMaps();
};

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
  const lines = [`${selection.spots.length.toLocaleString("en")} ${selection.spots.length === 1 ? "spot" : "spots"} of ${slice.name}`];
  if (tested.length) lines.push(`${report.traitName(selection.trait)}: P Cauchy ${report.power(report.cauchy(tested))}, median P ${report.power(report.quantile(tested, 0.5))}`);
  if (regions.length) lines.push(regions.join(", ") + (counts.size > 4 ? " …" : ""));
  report.byId("selection-text").textContent = lines.join(" · ");
}

report.spotRows = async (sliceIndex, traitIndex, only) => {
  const slice = report.data.slices[sliceIndex];
  const pair = report.pair(sliceIndex, traitIndex);
  const [spots, x, y, codes, logs, z] = await Promise.all([report.unpack(slice.spots), report.unpack(slice.x), report.unpack(slice.y), report.unpack(slice.region), report.logP(pair), pair && pair.z ? report.unpack(pair.z) : null]);
  const rows = [["spot", "x", "y", "region", "z", "neg_log10_p"]];
  for (const i of only ?? spots.keys()) rows.push([spots[i], x[i], y[i], codes && codes[i] ? slice.regions[codes[i] - 1] : "", z ? z[i] : null, logs ? logs[i] : null]);
  return rows;
};

// The menus of the map follow the chosen slice; a selection stays while only the trait changes.
report.refreshSelection = (changes) => {
  if (!("slice" in changes)) {
    if (selection) { selection.trait = report.state.trait; return describe(); }
    return null;
  }
  selection = null;
  const slice = report.data.slices[report.state.slice];
  report.byId("maps-region").replaceChildren(
    report.element("option", { value: "", textContent: "none" }),
    ...((slice && slice.regions) || []).map((name, i) => report.element("option", { value: String(i + 1), textContent: name })),
  );
  return describe();
};

report.startSelection = () => {
  report.byId("maps-region").addEventListener("change", async ({ target }) => {
    const code = Number(target.value);
    const codes = await report.unpack(report.data.slices[report.state.slice].region);
    const spots = target.value === "" ? [] : Array.from(codes.keys()).filter((i) => codes[i] === code);
    await report.select(report.state.slice, report.state.trait, spots);
    target.value = spots.length ? String(code) : "";
  });
  const lasso = report.byId("maps-lasso");
  lasso.addEventListener("click", () => {
    report.dragmode = report.dragmode === "lasso" ? "zoom" : "lasso";
    lasso.setAttribute("aria-pressed", String(report.dragmode === "lasso"));
    for (const id of ["map-1", "map-2"]) if (report.plots.has(id)) Plotly.relayout(id, { dragmode: report.dragmode });
  });
  const clear = () => report.select(report.state.slice, report.state.trait, []);
  report.byId("selection-clear").addEventListener("click", clear);
  report.byId("selection-csv").addEventListener("click", async () => {
    const rows = await report.spotRows(selection.slice, selection.trait, selection.spots);
    report.save(`${report.safeName(report.sliceName(selection.slice))}_selected_spots.csv`, report.rowsAsText(rows, ","), "text/csv");
  });
};
