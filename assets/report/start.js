// Everything is in place: fill the menus, draw, listen.
(async () => {
  const states = [...document.querySelectorAll("select[data-state]")];
  for (const select of states) {
    const part = select.dataset.state;
    report.fill(select, report.data[part === "slice" ? "slices" : "traits"].map(({ name }) => name));
    select.addEventListener("change", () => report.set({ [part]: Number(select.value) }));
  }
  report.listen((state) => states.forEach((select) => { select.value = String(state[select.dataset.state]); }));

  report.startTables();
  report.startHeatmap();
  report.startLikeness();
  report.startSelection();
  report.startMaps();
  report.startGenes();
  report.startTrust();
  if (report.startCompared) report.startCompared();

  for (const button of document.querySelectorAll("[data-export]")) button.addEventListener("click", () => report.exportPlot(button.dataset.plot, button.dataset.export));
  for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => report.copy(report.byId(button.dataset.copy).innerText, button));
  for (const button of document.querySelectorAll("[data-show-slice]")) button.addEventListener("click", () => report.showPair(button.dataset.showSlice, button.dataset.showTrait));

  report.byId("print").addEventListener("click", () => window.print());
  report.byId("theme").addEventListener("click", () => {
    const next = report.dark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try { localStorage.setItem("traitmap-theme", next); } catch { /* a browser may keep nothing of a local file */ }
    report.retheme().then(() => report.drawGenes());
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => report.retheme());
  window.addEventListener("beforeprint", () => report.retheme(false));
  window.addEventListener("afterprint", () => report.retheme());

  // A link to an account opens it; help closes when something else is pressed.
  const open = () => {
    const target = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (target instanceof HTMLDetailsElement) { target.open = true; target.scrollIntoView(); }
  };
  window.addEventListener("hashchange", open);
  open();
  document.addEventListener("click", (event) => {
    for (const help of document.querySelectorAll(".help[open]")) if (!help.contains(event.target)) help.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const help of document.querySelectorAll(".help[open]")) help.open = false;
  });

  const links = [...document.querySelectorAll(".side li a")];
  // The section under the reader's eyes: the last that begins above a third of the window.
  const sections = [...document.querySelectorAll("main > section")];
  let waiting = false;
  const mark = () => {
    waiting = false;
    const begun = sections.filter((section) => section.getBoundingClientRect().top < window.innerHeight / 3);
    const here = begun.at(-1) ?? sections[0];
    for (const link of links) {
      if (link.hash === `#${here.id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  window.addEventListener("scroll", () => { if (!waiting) { waiting = true; requestAnimationFrame(mark); } }, { passive: true });
  mark();

  if (typeof DecompressionStream === "undefined") {
    for (const id of ["lead-plot", "heatmap-plot", "likeness-plot", "map-1", "map-2", "genes-plot", "manhattan-plot", "qq-plot", "plane-plot", "curve-plot"]) report.absent(id, "This browser is too old for the plots (it lacks DecompressionStream); the tables are whole.");
    return;
  }
  // First what is seen first. The strongest finding is shown to begin with.
  const first = document.querySelector("[data-show-slice]");
  const begin = { slice: report.data.slices.findIndex(({ name }) => first && name === first.dataset.showSlice), trait: report.data.traits.findIndex(({ name }) => first && name === first.dataset.showTrait) };
  Object.assign(report.state, { slice: Math.max(0, begin.slice), trait: Math.max(0, begin.trait) });
  states.forEach((select) => { select.value = String(report.state[select.dataset.state]); });
  await report.drawLead();
  if (report.byId("heatmap-plot")) await report.drawHeatmap();
  await report.drawLikeness();
  await report.refreshMaps(report.state);
  await report.drawGenes();
  if (report.drawCompared) await report.drawCompared();
  await report.drawTrust();
  await report.drawCurves();
  document.documentElement.dataset.ready = "yes";
})();
