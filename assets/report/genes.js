// Genes of the chosen slice and trait: table, small maps, Manhattan plot.
const geneKinds = ["text", "number", "text", "number", "share", "share", "text"];
const drivesColumn = 6;

function geneTable() {
  const body = report.byId("genes-table").tBodies[0];
  const pair = report.pair();
  const rows = pair ? pair.genes : [];
  const slice = report.data.slices[report.state.slice];
  const mapped = new Set(slice ? slice.genes.map(({ name }) => name) : []);
  const top = rows.reduce((most, row) => Math.max(most, row[1] ?? 0), 1e-9);
  body.replaceChildren(...rows.map((row) => {
    const line = report.element("tr", {}, ...row.map((value, i) => {
      const text = value === null ? "–" : geneKinds[i] === "share" ? `${report.number(100 * value)} %` : geneKinds[i] === "number" ? (i === 1 ? value.toFixed(3).replace("-", "−") : report.number(value)) : String(value);
      const item = report.element("td", { className: geneKinds[i] });
      item.dataset.v = value ?? "";
      // Where a gene drives a region, that is the region beside its name.
      if (i === drivesColumn) { item.textContent = value ? "●" : ""; item.title = value ? `candidate driver of ${value}` : ""; return item; }
      if (i === 1 && value > 0) item.style.setProperty("--w", (value / top).toFixed(4));
      item.append(geneKinds[i] === "text" ? report.element("span", { className: "name", title: text, textContent: text }) : text);
      return item;
    }));
    if (mapped.has(row[0])) {
      line.dataset.gene = row[0];
      line.tabIndex = 0;
      line.title = "Show on the map";
      line.addEventListener("click", () => { if (!String(window.getSelection())) report.showGene(row[0]); });
      line.addEventListener("keydown", (event) => { if (event.key === "Enter") report.showGene(row[0]); });
    }
    if (row[drivesColumn]) line.className = "hit";
    return line;
  }));
  for (const heading of report.byId("genes-table").tHead.rows[0].cells) {
    heading.removeAttribute("aria-sort");
    if (heading.dataset.key === "pcc") heading.setAttribute("aria-sort", "descending");
  }
  const absent = report.byId("genes-absent");
  absent.hidden = rows.length > 0;
  absent.textContent = "No table of genes for this slice and trait (genes.tsv).";
}

async function geneMaps() {
  const slice = report.data.slices[report.state.slice];
  const pair = report.pair();
  const note = report.byId("genes-note");
  note.textContent = "";
  const kind = report.byId("genes-show").value;
  const wanted = pair && slice ? pair.genes.map(([name]) => report.findLayer(slice, kind, name)).filter(Boolean).slice(0, 6) : [];
  if (!wanted.length || !slice.x) { report.absent("genes-plot", `No gene to draw: genes.tsv or ${kind === "gene" ? "specificity.h5ad" : "expression.parquet"} is missing.`); return; }
  const current = report.turn("genes-plot");
  const place = report.byId("genes-plot");
  const [x, y] = await Promise.all([report.unpack(slice.x), report.unpack(slice.y)]);
  const values = await Promise.all(wanted.map(report.layerValues));
  if (!current()) return;
  report.ready("genes-plot");
  const across = Math.min(3, wanted.length);
  const down = Math.ceil(wanted.length / across);
  const cellWidth = (place.clientWidth || 560) / across;
  const spread = (of) => report.extent(of)[1] - report.extent(of)[0];
  const ratio = Math.min(1.2, Math.max(0.5, (spread(y) || 1) / (spread(x) || 1)));
  const height = Math.round(down * (cellWidth * ratio + 26));
  const size = Math.max(1, Math.min(9, 0.8 * Math.sqrt((cellWidth * cellWidth * ratio) / x.length)));
  const type = report.canUseGl() && x.length * wanted.length > 3000 ? "scattergl" : "scatter";
  const layout = { height, margin: { l: 0, r: 0, t: 4, b: 0 } };
  const traces = wanted.map((gene, i) => {
    const [column, row] = [i % across, Math.floor(i / across)];
    const tag = i ? String(i + 1) : "";
    const domainX = [column / across + 0.01, (column + 1) / across - 0.01];
    const top = 1 - row / down;
    const domainY = [1 - (row + 1) / down + 0.01, top - 24 / height];
    const hidden = { showgrid: false, zeroline: false, showticklabels: false, ticks: "" };
    layout[`xaxis${tag}`] = { ...hidden, domain: domainX, side: "top", automargin: false, anchor: `y${tag}`, constrain: "domain", ...(i ? { matches: "x" } : {}) };
    layout[`yaxis${tag}`] = { ...hidden, domain: domainY, anchor: `x${tag}`, scaleanchor: `x${tag}`, autorange: report.byId("maps-flip").checked ? "reversed" : true, constrain: "domain" };
    const pcc = pair.genes.find(([name]) => name === gene.name)[1];
    layout[`xaxis${tag}`].title = { text: `<b>${report.short(gene.name, 16)}</b>  r ${pcc.toFixed(2).replace("-", "−")}`, font: { size: 12 }, standoff: 3 };
    const order = ascending(values[i]);
    return { type, mode: "markers", x: take(x, order), y: take(y, order), xaxis: `x${tag}`, yaxis: `y${tag}`, showlegend: false, hoverinfo: "none",
      marker: { size, color: take(values[i], order), cmin: gene.low, cmax: gene.top, colorscale: layerKinds[kind].scale, line: { width: 0 } } };
  });
  note.textContent = `${kind === "gene" ? "Specificity" : `Expression, ${report.data.expression_unit},`} from 0 (dark) to each gene's own maximum (bright): ${wanted.map(({ name, top }) => `${name} ${report.number(top)}`).join(", ")}. r: correlation with −log10 P.`;
  // The number of axes may differ from the last drawing, which react does not clear.
  if (report.plots.has("genes-plot")) Plotly.purge(place);
  await report.draw("genes-plot", traces, layout, {
    bar: false, name: `${report.sliceName(report.state.slice)}_${report.traitName(report.state.trait)}_genes_${kind}`,
    alt: `Small maps of the ${kind === "gene" ? "specificity" : "expression"} of ${wanted.map(({ name }) => name).join(", ")} in ${slice.name}.`,
    table: async () => {
      const spots = await report.unpack(slice.spots);
      return [["spot", "x", "y", ...wanted.map(({ name }) => name)], ...spots.map((spot, i) => [spot, x[i], y[i], ...values.map((of) => Number(of[i].toPrecision(4)))])];
    },
  });
}

async function manhattan() {
  const gwas = report.data.traits[report.state.trait]?.manhattan;
  const note = report.byId("manhattan-note");
  note.textContent = "";
  if (!gwas) { report.absent("manhattan-plot", "No Manhattan plot: the harmonised GWAS of this trait is missing, or its SNPs have no positions."); return; }
  report.ready("manhattan-plot");
  const [chromosomes, positions, logs, snps] = await Promise.all([gwas.chr, gwas.bp, gwas.log_p, gwas.snps].map(report.unpack));
  const order = [...new Set(chromosomes)].sort((a, b) => a - b);
  const [first, last] = [new Map(), new Map()];
  chromosomes.forEach((chromosome, i) => {
    first.set(chromosome, Math.min(first.get(chromosome) ?? Infinity, positions[i]));
    last.set(chromosome, Math.max(last.get(chromosome) ?? 0, positions[i]));
  });
  const total = order.reduce((sum, c) => sum + last.get(c) - first.get(c), 0) || 1;
  const start = new Map();
  let at = 0;
  for (const c of order) { start.set(c, at - first.get(c)); at += last.get(c) - first.get(c) + total * 0.008; }
  const dark = report.dark();
  const tones = dark ? ["#7fb8bb", "#56707a"] : ["#0b6e74", "#9db4b8"];
  const parity = new Map(order.map((c, i) => [c, i % 2]));
  const named = report.pair()?.genes.map(([gene]) => gwas.genes.find(([name]) => name === gene)).filter(Boolean) ?? [];
  // The strongest ten of the listed genes are named; the rest are points of the table.
  const labels = [...named].sort((a, b) => b[3] - a[3]).slice(0, 10);
  const placed = [];
  const width = report.byId("manhattan-plot").clientWidth || 1000;
  const narrow = width < 520;
  const top = Math.max(8.5, logs.reduce((a, b) => Math.max(a, b), 0) * 1.12);
  const traces = [
    { type: "scatter", mode: "markers", showlegend: false, hoverinfo: "text", x: Array.from(chromosomes, (c, i) => start.get(c) + positions[i]), y: Array.from(logs),
      text: Array.from(snps, (snp, i) => `<b>${report.short(snp, 40)}</b><br>${chromosomes[i]}:${positions[i].toLocaleString("en")}<br>P ${report.power(logs[i])}`),
      marker: { size: 4, color: Array.from(chromosomes, (c) => tones[parity.get(c)]), opacity: 0.85 } },
    { type: "scatter", mode: "markers+text", showlegend: false, hoverinfo: "text", x: labels.map(([, c, bp]) => start.get(c) + bp), y: labels.map(([, , , log]) => log),
      text: labels.map(([gene, c, bp, log]) => {
        // A name that would lie on a stronger one is left to the hover.
        const [x, y] = [(start.get(c) + bp) / total, log / top];
        const free = placed.every(([px, py]) => Math.abs(px - x) > 62 / width || Math.abs(py - y) > 0.075);
        if (free) placed.push([x, y]);
        return free ? report.short(gene, 18) : "";
      }), hovertext: labels.map(([gene, c, bp, log]) => `<b>${report.short(gene, 40)}</b><br>best SNP within 50 kb: ${c}:${bp.toLocaleString("en")}<br>P ${report.power(log)}`),
      textposition: "top center", textfont: { size: 11, shadow: "auto", color: dark ? "#ffb37a" : "#a1460d" }, marker: { size: 7, color: dark ? "#ffb37a" : "#D55E00" }, cliponaxis: false },
  ];
  note.textContent = [
    logs.length < gwas.total ? `${logs.length.toLocaleString("en")} of ${gwas.total.toLocaleString("en")} SNPs are drawn: the strongest and every n-th of the rest.` : "",
    gwas.genes.length ? `Named: of the genes in the table, the ${labels.length} with the strongest SNP within 50 kb.` : "Genes are not named: their places (reference.h5ad) are not among the results.",
    "Dashed: P = 5×10⁻⁸.",
  ].filter(Boolean).join(" ");
  await report.draw("manhattan-plot", traces, {
    height: 300, xaxis: { tickvals: order.map((c) => start.get(c) + (first.get(c) + last.get(c)) / 2), ticktext: order.map((c, i) => (narrow && i > 6 && i % 3 !== 1 ? "" : String(c))), showgrid: false, zeroline: false, title: { text: "Chromosome" }, tickangle: 0, tickfont: { size: 10 } },
    yaxis: { title: { text: "−log<sub>10</sub> P (two-sided)" }, range: [0, top], zeroline: false },
    shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: 7.30103, y1: 7.30103, line: { dash: "dash", width: 1, color: "#8a939b" } }], margin: { l: 50, r: 10, t: 10, b: 40 },
  }, {
    name: `${report.traitName(report.state.trait)}_manhattan`,
    alt: `Manhattan plot of ${report.traitName(report.state.trait)}, ${gwas.total} SNPs; named genes: ${labels.map(([gene]) => gene).join(", ") || "none"}.`,
    table: () => [["snp", "chr", "bp", "neg_log10_p"], ...Array.from(snps, (snp, i) => [snp, chromosomes[i], positions[i], logs[i]])],
  });
}

report.drawGenes = async () => {
  geneTable();
  await geneMaps();
  await manhattan();
};

report.startGenes = () => {
  const table = report.byId("genes-table");
  report.sortable(table);
  report.exportsOf("genes", table, () => `${report.sliceName(report.state.slice)}_${report.traitName(report.state.trait)}_genes`);
  report.byId("genes-show").addEventListener("change", geneMaps);
  if (!report.data.slices.some(({ expression }) => expression.length)) report.byId("genes-show").closest("label").hidden = true;
  report.listen(() => report.drawGenes());
};
