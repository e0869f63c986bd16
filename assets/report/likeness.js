// Traits by traits: how alike the maps of a slice are.
report.drawLikeness = () => {
  const place = report.byId("likeness-plot");
  if (!place) return Promise.resolve();
  const select = report.byId("likeness-slice");
  const { slice, traits, r, q } = report.data.likeness[select ? select.selectedIndex : 0];
  const most = (place.clientWidth || 700) < 520 ? 12 : 26;
  const names = traits.map((trait) => report.short(trait, most));
  const stars = { x: [], y: [], color: [] };
  q.forEach((row, i) => row.forEach((value, j) => { if (value !== null && value < report.data.significant) { stars.x.push(j); stars.y.push(i); stars.color.push(Math.abs(r[i][j]) < 0.6 ? "#111" : "#fff"); } }));
  const hover = r.map((row, i) => row.map((value, j) => `${report.short(traits[i], 40)} and ${report.short(traits[j], 40)}<br>r ${value === null ? "–" : report.number(value)}${q[i][j] === null ? "" : `, q ${report.number(q[i][j])}`}`));
  const cell = Math.max(22, Math.min(56, 460 / traits.length));
  const longest = Math.max(...names.map((name) => name.length));
  const slanted = longest * 6.5 > cell;
  const room = slanted ? 30 + 5 * longest : 44;
  const ticks = { tickvals: names.map((_, i) => i), ticktext: names, showgrid: false, zeroline: false };
  return report.draw("likeness-plot", [
    { type: "heatmap", z: r, text: hover, hoverinfo: "text", colorscale: "RdBu", zmin: -1, zmax: 1, xgap: 1, ygap: 1, colorbar: { title: { text: "r" }, thickness: 12, outlinewidth: 0, len: Math.min(1, 200 / (traits.length * cell)), x: 1.02 } },
    { type: "scatter", mode: "text", x: stars.x, y: stars.y, text: stars.x.map(() => "★"), textfont: { color: stars.color, size: 12 }, hoverinfo: "skip", showlegend: false },
  ], {
    height: traits.length * cell + room + 20,
    width: Math.min(place.clientWidth || 700, traits.length * cell + 110 + 6.5 * longest),
    margin: { l: 14 + 6.5 * longest, r: 80, t: 12, b: room },
    xaxis: { ...ticks, tickangle: slanted ? -60 : 0, range: [-0.5, traits.length - 0.5] },
    yaxis: { ...ticks, autorange: false, range: [traits.length - 0.5, -0.5] },
  }, {
    name: `${slice}_traits_by_traits`, bar: false,
    alt: `Correlations between the maps of ${traits.length} traits in ${slice}; ${stars.x.length / 2} pairs have q below ${report.data.significant}.`,
    table: () => [["trait_a", "trait_b", "r", "q"], ...r.flatMap((row, i) => row.map((value, j) => [traits[i], traits[j], value, q[i][j]]))],
  }).then(() => {
    if (place.dataset.clicks) return;
    place.dataset.clicks = "yes";
    place.on("plotly_click", ({ points }) => {
      const shown = report.data.likeness[select ? select.selectedIndex : 0];
      report.showPair(shown.slice, shown.traits[points[0].y]);
    });
  });
};

report.startLikeness = () => {
  const select = report.byId("likeness-slice");
  if (!select) return;
  report.fill(select, report.data.likeness.map(({ slice }) => slice));
  select.addEventListener("change", report.drawLikeness);
};
