// What a map can be coloured by, with its values and scale: P, z, regions, and layers of bytes (genes, microdomains).
const magma = ["#000004", "#180f3d", "#440f76", "#721f81", "#9e2f7f", "#cd4071", "#f1605d", "#fd9668", "#feca8d", "#fcfdbf"]
  .map((color, i, all) => [i / (all.length - 1), color]);
const layerKinds = {
  gene: { of: "genes", group: "Gene specificity (GSS)", title: (name) => `GSS of ${name}`, scale: "Cividis" },
  expression: { of: "expression", group: "Expression", title: (name) => `expression of ${name}`, unit: report.data.expression_unit, scale: magma },
  qc: { of: "qc", group: "Microdomains", title: (name) => name.replaceAll("_", " "), scale: "Viridis" },
};
// Scores of the methods beside ldsc, of a slice and a trait: kind "score".
const scoreOf = (method) => (report.data.compared ? report.data.compared.scores : []).find((score) => score.method === method);
const missingLevel = 255;
report.missingColor = "#b5bcc2";

// "gene:APOE" as {kind, name}; a colour without a layer has the kind alone.
report.parseColor = (color) => {
  const at = color.indexOf(":");
  return at < 0 ? { kind: color, name: "" } : { kind: color.slice(0, at), name: color.slice(at + 1) };
};
report.findLayer = (slice, kind, name) => (slice && layerKinds[kind] ? slice[layerKinds[kind].of] : []).find((layer) => layer.name === name);

report.colorTitle = (color) => {
  const { kind, name } = report.parseColor(color);
  if (layerKinds[kind]) return layerKinds[kind].title(name);
  if (kind === "score") return scoreOf(name).title;
  return { log_p: "−log10 P", z: "z", region: "region" }[kind];
};

// Fills a menu with what this slice can be coloured by; returns the colour that it then shows.
report.fillColors = (select, slice, chosen) => {
  const option = (value) => report.element("option", { value, textContent: report.colorTitle(value) });
  const plain = ["log_p", "z", ...(slice && slice.regions ? ["region"] : [])].map(option);
  const groups = Object.entries(layerKinds).filter(([, { of }]) => slice && slice[of].length).map(([kind, { of, group }]) =>
    report.element("optgroup", { label: group }, ...slice[of].map(({ name }) => option(`${kind}:${name}`))));
  if (report.data.compared) groups.unshift(report.element("optgroup", { label: "Other methods" }, ...report.data.compared.scores.map(({ method }) => option(`score:${method}`))));
  select.replaceChildren(...plain, ...groups);
  select.value = chosen;
  if (select.selectedIndex < 0) select.value = "log_p";
  return select.value;
};

report.layerValues = async (layer) => {
  const levels = await report.unpack(layer.levels);
  const step = (layer.top - layer.low) / 254;
  return Float32Array.from(levels, (level) => (level === missingLevel ? NaN : layer.low + level * step));
};

// Values of a slice's spots for a colour other than region: {values, title, scale, range}; null where there are none.
report.colorValues = async (color, slice, pair, pairs) => {
  const { kind, name } = report.parseColor(color);
  if (layerKinds[kind]) {
    const layer = report.findLayer(slice, kind, name);
    if (!layer) return null;
    const { title, unit, scale } = layerKinds[kind];
    const words = [report.short(title(name), 26), ...(unit ? [unit] : [])];
    return { values: await report.layerValues(layer), title: words.join("<br>"), scale, range: [layer.low, layer.top] };
  }
  if (kind === "score") return scoreValues(scoreOf(name), pair);
  if (!pair || !pair.z) return null;
  const range = await scaleOf(kind, pairs);
  if (kind === "z") return { values: await report.unpack(pair.z), title: "z", scale: "RdBu", range };
  return { values: await report.logP(pair), title: "−log<sub>10</sub> P", scale: "Viridis", range };
};

async function scoreValues({ method, title, signed }, pair) {
  const values = pair && pair.scores ? await report.unpack(pair.scores[method]) : null;
  if (!values) return null;
  const known = values.filter(Number.isFinite);
  const top = signed ? Math.max(4, report.quantile(known.map(Math.abs), 0.999)) : known.length ? report.extent(known)[1] : 1;
  const range = signed ? [-top, top] : [method === "consensus" ? 0 : Math.min(top, ...(known.length ? [report.extent(known)[0]] : [])), method === "consensus" ? Math.max(4, top) : top];
  return { values, title: report.short(title, 22), scale: signed ? "RdBu" : "Viridis", range };
}

// One scale for all maps shown: to the 99.9th percentile of what any shows, and at least to 4.
async function scaleOf(kind, pairs) {
  let top = 4;
  for (const pair of pairs) {
    const values = kind === "z" ? await report.unpack(pair.z) : await report.logP(pair);
    top = Math.max(top, report.quantile(values.filter(Number.isFinite).map(Math.abs), 0.999));
  }
  return kind === "z" ? [-top, top] : [0, top];
}

// Order in which the largest value is drawn last, on top.
const ascending = (values) => {
  const order = Uint32Array.from(values, (_, i) => i);
  const key = (i) => (Number.isNaN(values[i]) ? -Infinity : values[i]);
  return order.sort((a, b) => key(a) - key(b) || a - b);
};
const take = (values, order) => Array.from(order, (i) => values[i]);
report.extent = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
