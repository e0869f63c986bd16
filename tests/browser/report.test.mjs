// The report in a real browser, from file://, with the network off. Called by tests/python/test_report_browser.py, which
// makes the pages: REPORT (a page with its report_data beside it), HOSTILE (one of hostile names), CHROMIUM (the browser).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cells, launch, open, regionRows, saved } from "./open.mjs";

const page = { file: process.env.REPORT };
const rows = regionRows(page.file);
let browser;

before(async () => {
  browser = await launch();
  Object.assign(page, await open(browser, page.file));
});
after(async () => { await browser.close(); });

test("every plot is drawn", async () => {
  const drawn = await page.tab.evaluate(() => [...report.plots.keys()]);
  assert.deepEqual(drawn.sort(), ["curve-plot", "genes-plot", "heatmap-plot", "lead-plot", "manhattan-plot", "map-1", "map-2", "plane-plot", "qq-plot"]);
});

test("the page's own statistics agree with scipy", async () => {
  const tails = await page.tab.evaluate(() => [-40, -3, -0.5, 0, 1, 5, 12, 38.5].map(report.upperTail));
  // -scipy.stats.norm.logsf(z) / log(10)
  const wanted = [0, 0.000586649314, 0.160231392, 0.301029996, 0.799545541, 6.542645672, 32.750439162, 323.851341068];
  tails.forEach((tail, i) => assert.ok(Math.abs(tail - wanted[i]) < 1e-6 * Math.max(1, wanted[i]), `${tail} ${wanted[i]}`));
  const combined = await page.tab.evaluate(() => [report.cauchy([2, 2, 2]), report.cauchy([8, 0.1]), report.cauchy([400, 0.3])]);
  assert.ok(Math.abs(combined[0] - 2) < 1e-9);
  assert.ok(Math.abs(combined[1] - (8 - Math.log10(2))) < 1e-3);
  assert.ok(Math.abs(combined[2] - (300 - Math.log10(2))) < 1e-3);
});

test("the table shows the numbers of regions.tsv, and sorts by them", async () => {
  const shown = rows.filter((row) => row.scope === "slice");
  const wanted = shown.map((row) => Number(row.p_contrast)).sort((a, b) => a - b);
  await page.tab.click('#regions-table th[data-key="p_contrast"] button');
  assert.deepEqual((await cells(page.tab, "p_contrast")).map(Number).map((p) => p.toPrecision(9)), wanted.map((p) => p.toPrecision(9)));
  await page.tab.click('#regions-table th[data-key="p_contrast"] button');
  assert.equal(Number((await cells(page.tab, "p_contrast"))[0]).toPrecision(9), wanted.at(-1).toPrecision(9));
  await page.tab.click('#regions-table th[data-key="region"] button');
  assert.deepEqual(await cells(page.tab, "region"), shown.map((row) => row.region).sort());
});

test("filter, scope and significance narrow the table", async () => {
  const slices = rows.filter((row) => row.scope === "slice");
  await page.tab.fill("#regions-filter", "hippo height");
  assert.equal((await cells(page.tab, "region")).length, slices.filter((row) => row.region === "Hippocampus" && row.trait.startsWith("height")).length);
  await page.tab.fill("#regions-filter", "");
  await page.tab.check("#regions-significant");
  assert.equal((await cells(page.tab, "q")).length, slices.filter((row) => Number(row.q) < 0.05).length);
  await page.tab.uncheck("#regions-significant");
  await page.tab.selectOption("#regions-scope", "");
  assert.equal((await cells(page.tab, "q")).length, rows.length);
  await page.tab.selectOption("#regions-scope", "slice");
});

test("the page begins with the strongest finding; menus change map, genes and caption", async () => {
  assert.match(await page.tab.textContent("#maps-caption"), /^schizophrenia in brain_[AB]: Hippocampus P /);
  const first = await page.tab.textContent("#genes-table tbody tr td");
  await page.tab.selectOption("#maps [data-state=trait]", { label: "height_null" });
  await page.tab.waitForFunction(() => document.getElementById("maps-caption").textContent.startsWith("height_null"));
  assert.equal(await page.tab.$eval("#genes [data-state=trait]", (select) => select.selectedOptions[0].textContent), "height_null");
  assert.notEqual(await page.tab.textContent("#genes-table tbody tr td"), first);
  await page.tab.selectOption("#maps [data-state=trait]", { label: "schizophrenia" });
  await page.tab.waitForFunction(() => document.getElementById("maps-caption").textContent.startsWith("schizophrenia"));
});

test("every colour draws, without errors", async () => {
  const choices = await page.tab.$$eval("#map-1-color option", (options) => options.map(({ value }) => value));
  assert.ok(choices.includes("z") && choices.includes("region") && choices.some((choice) => choice.startsWith("gene:")));
  for (const kind of ["gene:", "expression:", "qc:"]) assert.ok(choices.some((choice) => choice.startsWith(kind)), kind);
  for (const choice of [...choices, "log_p"]) {
    await page.tab.selectOption("#map-1-color", choice);
    await page.tab.waitForFunction((part) => report.plots.get("map-1").name.endsWith(part), choice.replace(":", "_"));
  }
});

test("a region's spots combine to the P of its row", async () => {
  const slice = await page.tab.$eval("#maps [data-state=slice]", (select) => select.selectedOptions[0].textContent);
  await page.tab.selectOption("#maps-region", { label: "Hippocampus" });
  await page.tab.waitForSelector("#selection:not([hidden])");
  const p = await page.tab.evaluate(async () => {
    const pair = report.pair();
    const codes = await report.unpack(report.data.slices[pair.slice].region);
    const wanted = report.data.slices[pair.slice].regions.indexOf("Hippocampus") + 1;
    const logs = (await report.logP(pair)).filter((log, i) => codes[i] === wanted && !Number.isNaN(log));
    return 10 ** -report.cauchy(Array.from(logs));
  });
  const row = rows.find((each) => each.scope === "slice" && each.slice === slice && each.trait === "schizophrenia" && each.region === "Hippocampus");
  assert.ok(Math.abs(p / Number(row.p_cauchy) - 1) < 1e-4, `${p} ${row.p_cauchy}`);
  const spots = Number((await page.tab.textContent("#selection-text")).match(/^([\d,]+) spots/)[1].replace(",", ""));
  assert.equal(spots, Number(row.n_spots));
  const lines = (await saved(page.tab, "#selection-csv")).bytes.toString().trim().split("\n");
  assert.equal(lines.length, spots + 1);
  assert.ok(lines.slice(1).every((line) => line.includes("Hippocampus")));
  await page.tab.click("#selection-clear");
  await page.tab.waitForSelector("#selection", { state: "hidden" });
});

test("the lasso selects spots", async () => {
  await page.tab.evaluate(() => Plotly.relayout("map-1", { dragmode: "lasso" }));
  await page.tab.locator("#map-1").scrollIntoViewIfNeeded();
  const box = await page.tab.locator("#map-1 .nsewdrag").first().boundingBox();
  const corner = (x, y) => page.tab.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 6 });
  await corner(0.3, 0.3);
  await page.tab.mouse.down();
  for (const [x, y] of [[0.7, 0.3], [0.7, 0.7], [0.3, 0.7], [0.3, 0.31]]) await corner(x, y);
  await page.tab.mouse.up();
  await page.tab.waitForSelector("#selection:not([hidden])");
  assert.match(await page.tab.textContent("#selection-text"), /^[\d,]+ spots of brain_[AB] · schizophrenia: P Cauchy .* median P/);
  await page.tab.click("#selection-clear");
  await page.tab.evaluate(() => Plotly.relayout("map-1", { dragmode: "zoom" }));
});

test("zoom is linked between the maps of one slice", async () => {
  await page.tab.evaluate(async () => {
    const { xaxis, yaxis } = document.getElementById("map-1")._fullLayout;
    const half = ([a, b]) => [a + (b - a) / 4, b - (b - a) / 4];
    await Plotly.relayout("map-1", { "xaxis.range": half(xaxis.range), "yaxis.range": half(yaxis.range) });
  });
  await page.tab.waitForFunction(() => {
    const [one, two] = ["map-1", "map-2"].map((id) => document.getElementById(id)._fullLayout.xaxis.range);
    return Math.abs(one[0] - two[0]) < 0.02 * Math.abs(one[1] - one[0]) && Math.abs(one[1] - two[1]) < 0.02 * Math.abs(one[1] - one[0]);
  });
});

test("a cell of the heat map and a key on a row lead to their map", async () => {
  const wanted = await page.tab.evaluate(() => {
    const { rows: traits, columns } = report.heatmapCells(document.getElementById("heatmap-value").value, "", document.getElementById("heatmap-cluster").checked);
    report.heatmapClick(columns.length - 1, 0);
    return [report.data.heatmap.traits[traits[0]], report.data.heatmap.columns[columns.at(-1)][0]];
  });
  await page.tab.waitForFunction(([trait, slice]) => document.getElementById("maps-caption").textContent.startsWith(`${trait} in ${slice}`), wanted);
  const row = page.tab.locator('#regions-table tbody tr[data-trait="schizophrenia"][data-slice="brain_A"]:not([hidden])').first();
  await row.focus();
  await page.tab.keyboard.press("Enter");
  await page.tab.waitForFunction(() => document.getElementById("maps-caption").textContent.startsWith("schizophrenia in brain_A"));
});

test("pictures and tables can be saved", async () => {
  for (const [plot, kind, start] of [["map-1", "png", "\x89PNG"], ["heatmap-plot", "svg", "<svg"], ["qq-plot", "tsv", "expected"], ["manhattan-plot", "tsv", "snp\tchr"]]) {
    const { name, bytes } = await saved(page.tab, `[data-plot="${plot}"][data-export="${kind}"]`);
    assert.ok(name.endsWith(`.${kind}`));
    assert.ok(bytes.toString("latin1").startsWith(start), plot);
  }
  const { bytes } = await saved(page.tab, "#regions-csv");
  assert.equal(bytes.toString().trim().split("\n").length, 1 + rows.filter((row) => row.scope === "slice").length);
});

test("dark and light change page and plots", async () => {
  const looks = () => page.tab.evaluate(() => [getComputedStyle(document.querySelector("section")).backgroundColor, document.getElementById("heatmap-plot")._fullLayout.paper_bgcolor]);
  const before = await looks();
  await page.tab.click("#theme");
  await page.tab.waitForFunction((light) => document.getElementById("curve-plot")._fullLayout.paper_bgcolor !== light, before[1]);
  const dark = await looks();
  assert.notEqual(dark[0], before[0]);
  assert.notEqual(dark[1], before[1]);
  await page.tab.click("#theme");
});

test("a link to an account opens it", async () => {
  await page.tab.click(".warnings a");
  await page.tab.waitForSelector("details.account[open]:target");
});

test("nothing was asked of the network, no error was told", () => { assert.deepEqual(page.told, []); });

test("a phone shows it without sideways scrolling", async () => {
  const { tab, told, context } = await open(browser, page.file, { width: 400, colorScheme: "dark" });
  assert.ok((await tab.evaluate(() => document.documentElement.scrollWidth)) <= 400);
  assert.deepEqual(told, []);
  await context.close();
});

test("hostile names are text everywhere", async () => {
  const { tab, told, context } = await open(browser, process.env.HOSTILE);
  for (const choice of await tab.$$eval("#map-1-color option", (options) => options.map(({ value }) => value))) {
    await tab.selectOption("#map-1-color", choice);
    await tab.waitForTimeout(200);
  }
  assert.equal(await tab.locator("main img, main script, main b b").count(), 0);
  const box = await tab.locator("#map-1 .nsewdrag").first().boundingBox();
  await tab.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await tab.waitForTimeout(300);
  assert.deepEqual(told, []);
  await context.close();
});
