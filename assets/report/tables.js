// Tables: sort by heading, filter, copy, CSV; a row leads to its map.
const valueOf = (row, column, numeric) => {
  const text = row.cells[column].dataset.v ?? row.cells[column].textContent;
  if (!numeric) return text;
  return text === "" || text === "nan" ? NaN : text === "inf" ? Infinity : Number(text);
};
const collator = new Intl.Collator("en", { numeric: true });

report.sortable = (table) => {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = heading.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const numeric = !heading.classList.contains("text");
      const smallFirst = !numeric || heading.classList.contains("p");
      const now = heading.getAttribute("aria-sort");
      const ascending = now ? now === "descending" : smallFirst;
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const body = table.tBodies[0];
      const keyed = [...body.rows].map((row, place) => ({ row, place, value: valueOf(row, column, numeric) }));
      keyed.sort((a, b) => {
        if (numeric && (Number.isNaN(a.value) || Number.isNaN(b.value))) return Number.isNaN(a.value) - Number.isNaN(b.value);
        const order = numeric ? a.value - b.value : collator.compare(a.value, b.value);
        return (ascending ? order : -order) || a.place - b.place;
      });
      body.append(...keyed.map(({ row }) => row));
    });
  });
};

report.tableRows = (table) => {
  const heads = [...table.tHead.rows[0].cells].map((heading) => heading.dataset.key || heading.textContent.trim());
  const numeric = [...table.tHead.rows[0].cells].map((heading) => !heading.classList.contains("text"));
  const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
  return [heads, ...rows.map((row) => [...row.cells].map((item, i) => {
    const text = item.dataset.v ?? item.textContent;
    return numeric[i] && text !== "" ? Number(text === "inf" ? Infinity : text) : text;
  }))];
};

report.exportsOf = (prefix, table, name) => {
  const copy = report.byId(`${prefix}-copy`);
  const csv = report.byId(`${prefix}-csv`);
  if (copy) copy.addEventListener("click", () => report.copy(report.rowsAsText(report.tableRows(table), "\t"), copy));
  if (csv) csv.addEventListener("click", () => report.save(`${report.safeName(name())}.csv`, report.rowsAsText(report.tableRows(table), ","), "text/csv"));
};

report.showPair = (slice, trait) => {
  const places = { slice: report.data.slices.findIndex((item) => item.name === slice), trait: report.data.traits.findIndex((item) => item.name === trait) };
  const changes = Object.fromEntries(Object.entries(places).filter(([, place]) => place >= 0));
  report.set(changes);
  report.byId("maps").scrollIntoView();
};

report.startTables = () => {
  for (const further of document.querySelectorAll("table.further")) report.sortable(further);
  const table = report.byId("regions-table");
  if (!table) return;
  report.sortable(table);
  report.exportsOf("regions", table, () => "regions");
  const rows = [...table.tBodies[0].rows];
  const texts = rows.map((row) => [...row.cells].map((item) => item.textContent).join(" ").toLowerCase());
  const [filter, scope, significant, count] = ["filter", "scope", "significant", "count"].map((part) => report.byId(`regions-${part}`));
  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      row.hidden = !(words.every((word) => texts[i].includes(word)) && (!scope || !scope.value || row.dataset.scope === scope.value)
        && (!significant.checked || row.classList.contains("hit")));
      shown += !row.hidden;
    });
    if (scope) table.classList.toggle("one-scope", scope.value !== "");
    count.textContent = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
  };
  filter.addEventListener("input", apply);
  significant.addEventListener("change", apply);
  if (scope) scope.addEventListener("change", apply);
  apply();
  for (const row of rows) {
    row.tabIndex = 0;
    const go = () => report.showPair(row.dataset.slice, row.dataset.trait);
    row.addEventListener("click", () => { if (!String(window.getSelection())) go(); });
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") go(); });
  }
};
