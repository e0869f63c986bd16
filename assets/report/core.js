// What every part shares: the data, the chosen slice and trait, plots that follow the theme, exports.
const report = { data: JSON.parse(document.getElementById("data").textContent), plots: new Map(), listeners: [] };

report.byId = (id) => document.getElementById(id);

report.element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

// Names are the user's: plotly reads some tags in its texts, so they are made harmless; long ones are cut in plots.
report.plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
report.short = (text, most = 34) => {
  const letters = [...String(text)];
  return report.plain(letters.length > most ? letters.slice(0, most - 1).join("") + "…" : letters.join(""));
};
// Long names over several lines, broken at blanks.
report.wrapped = (text, most = 14, lines = 3) => {
  const parts = [];
  for (const word of String(text).split(" ")) {
    const last = parts.at(-1);
    if (last !== undefined && (last.length + word.length < most || parts.length === lines)) parts[parts.length - 1] = `${last} ${word}`;
    else parts.push(word);
  }
  return parts.map((part) => report.short(part, most + 6)).join("<br>");
};

const superscript = (text) => text.replace(/[-0-9]/g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);
report.power = (logP) => {
  if (!Number.isFinite(logP)) return "–";
  if (logP < 3) return Number((10 ** -logP).toPrecision(2)).toString();
  let exponent = Math.ceil(logP);
  let mantissa = (10 ** (exponent - logP)).toFixed(1);
  if (mantissa === "10.0") { mantissa = "1.0"; exponent -= 1; }
  return `${mantissa}×10${superscript(String(-exponent))}`;
};
report.pValue = (p) => (p === null || p === undefined || !Number.isFinite(p) ? "–" : report.power(-Math.log10(Math.max(p, 1e-300))));
report.number = (value, digits = 3) => (value === null || value === undefined || !Number.isFinite(value) ? "–"
  : Number.isInteger(value) ? value.toLocaleString("en").replace("-", "−") : Number(value.toPrecision(digits)).toString().replace("-", "−"));

// Arrays lie in the page deflated; each is unpacked when it is first drawn.
const unpacked = new WeakMap();
const kinds = { f4: Float32Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };
report.unpack = (packed) => {
  if (!packed) return Promise.resolve(null);
  if (!unpacked.has(packed)) unpacked.set(packed, inflate(packed));
  return unpacked.get(packed);
};
async function inflate(packed) {
  const bytes = Uint8Array.from(atob(packed.data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  return packed.type === "text" ? new TextDecoder().decode(buffer).split("\n") : new kinds[packed.type](buffer);
}

// The chosen slice and trait, which all parts follow.
report.state = { slice: 0, trait: 0 };
report.listen = (listener) => report.listeners.push(listener);
report.set = (changes) => {
  Object.assign(report.state, changes);
  for (const listener of report.listeners) listener(report.state, changes);
};
report.pair = (slice = report.state.slice, trait = report.state.trait) =>
  report.data.pairs.find((pair) => pair.slice === slice && pair.trait === trait);
report.sliceName = (index) => (report.data.slices[index] ? report.data.slices[index].name : "");
report.traitName = (index) => (report.data.traits[index] ? report.data.traits[index].name : "");

report.fill = (select, names, chosen = 0) => {
  select.replaceChildren(...names.map((name, i) => report.element("option", { value: String(i), textContent: name, title: name })));
  if (names.length) select.value = String(chosen);
};

// Plots: one theme for all, changed without drawing anew.
const themes = {
  light: { ink: "#1b2127", dim: "#5c6670", line: "#e6e9ec", paper: "#ffffff" },
  dark: { ink: "#e6eaed", dim: "#9aa5ae", line: "#313941", paper: "#1a1f24" },
};
report.dark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
};
const template = (dark) => {
  const { ink, dim, line, paper } = themes[dark ? "dark" : "light"];
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: dim, tickcolor: dim, automargin: true, title: { font: { size: 13 } } };
  return {
    layout: {
      paper_bgcolor: paper, plot_bgcolor: paper, xaxis: axis, yaxis: axis, hovermode: "closest", dragmode: "zoom",
      font: { family: 'Inter, system-ui, "Segoe UI", Roboto, Arial, sans-serif', size: 12, color: ink },
      hoverlabel: { bgcolor: dark ? "#0d1013" : "#ffffff", bordercolor: dim, font: { color: ink, size: 12 }, align: "left" },
      colorway: report.colors, legend: { font: { size: 12 }, itemsizing: "constant" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: dim, activecolor: ink },
    },
  };
};
// Okabe and Ito's colours, then Paul Tol's muted ones: told apart with any kind of colour vision.
report.colors = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#332288", "#88CCEE",
  "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#6e6e6e"];
report.color = (index) => report.colors[index % report.colors.length];

let canDraw;
report.canUseGl = () => {
  if (canDraw === undefined) canDraw = Boolean(document.createElement("canvas").getContext("webgl"));
  return canDraw;
};
report.scatterType = (points) => (points > 1500 && report.canUseGl() ? "scattergl" : "scatter");

// Draws into the element; ``more.alt`` describes the picture, ``more.table`` gives its numbers as rows for the TSV.
report.draw = async (id, traces, layout, more = {}) => {
  const place = report.byId(id);
  if (!place) return null;
  const whole = { template: template(report.dark()), margin: { l: 8, r: 8, t: 8, b: 8 }, autosize: true, ...layout };
  const settings = {
    displaylogo: false, responsive: true, modeBarButtons: [more.buttons || ["zoom2d", "pan2d", "resetScale2d"]],
    displayModeBar: more.bar === false ? false : "hover", doubleClick: "reset",
  };
  if (more.alt) place.setAttribute("aria-label", more.alt);
  report.plots.set(id, { place, name: more.name || id, table: more.table });
  exportable(id, true);
  await Plotly.react(place, traces, whole, settings);
  return place;
};
// Parts are drawn after waiting for their data; whoever was overtaken meanwhile by a later drawing stops.
const turns = new Map();
report.turn = (id) => {
  const mine = (turns.get(id) ?? 0) + 1;
  turns.set(id, mine);
  return () => turns.get(id) === mine;
};

// A picture that is not there has nothing to export.
const exportable = (id, is) => {
  for (const button of document.querySelectorAll(`[data-export][data-plot="${id}"]`)) button.closest(".exports").hidden = !is;
};
report.absent = (id, text) => {
  const place = report.byId(id);
  if (!place) return;
  if (report.plots.has(id)) Plotly.purge(place);
  report.plots.delete(id);
  exportable(id, false);
  place.replaceChildren(report.element("p", { className: "absent", textContent: text }));
};
report.ready = (id) => {
  const place = report.byId(id);
  if (place && place.firstElementChild && place.firstElementChild.classList.contains("absent")) place.replaceChildren();
};
report.retheme = (dark = report.dark()) =>
  Promise.all([...report.plots.values()].map(({ place }) => Plotly.relayout(place, { template: template(dark) })));

// Exports: pictures always on white, as papers want them.
report.safeName = (text) => text.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 80);
report.save = (name, content, type) => {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = report.element("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
};
const cell = (value, separator) => {
  let text = value === null || value === undefined || Number.isNaN(value) ? "" : String(value);
  // A spreadsheet would run what begins like a formula.
  if (typeof value === "string" && /^[=+@\t\r]|^-[^\d.]/.test(text)) text = `'${text}`;
  return text.includes(separator) || /["\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
};
report.rowsAsText = (rows, separator) => rows.map((row) => row.map((value) => cell(value, separator)).join(separator)).join("\n") + "\n";
report.exportPlot = async (id, kind) => {
  const plot = report.plots.get(id);
  if (!plot) return;
  const name = report.safeName(plot.name);
  if (kind === "tsv") {
    if (plot.table) report.save(`${name}.tsv`, report.rowsAsText(await plot.table(), "\t"), "text/tab-separated-values");
    return;
  }
  const { data, layout } = plot.place;
  const { width, height } = plot.place.getBoundingClientRect();
  const picture = await Plotly.toImage(
    { data, layout: { ...layout, template: template(false) } },
    { format: kind, width: Math.round(width), height: Math.round(height), scale: kind === "png" ? 3 : 1 },
  );
  report.element("a", { href: picture, download: `${name}.${kind}` }).click();
};
report.copy = async (text, button) => {
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = report.element("textarea", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = said; }, 1500);
};
