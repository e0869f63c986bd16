// What holds of the report of any run (REPORT, with report_data beside it): demo, real data, whatever the names.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cells, launch, open, regionRows, saved } from "./open.mjs";

const file = process.env.REPORT;
const rows = regionRows(file);
const page = {};
let browser;

before(async () => {
  browser = await launch();
  Object.assign(page, await open(browser, file));
});
after(async () => { await browser.close(); });

test("every number of the table is that of regions.tsv", async () => {
  const keys = await page.tab.$$eval("#regions-table th", (heads) => heads.map((head) => head.dataset.key));
  if (await page.tab.$("#regions-scope")) await page.tab.selectOption("#regions-scope", "");
  const columns = Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await cells(page.tab, key)])));
  assert.equal(columns.region.length, rows.length);
  const name = (row) => [row.scope, row.slice, row.trait, row.region].join("\t");
  const told = new Map(rows.map((row) => [name({ scope: "slice", ...row }), row]));
  for (let i = 0; i < rows.length; i += 1) {
    const shown = Object.fromEntries(keys.map((key) => [key, columns[key][i]]));
    const wanted = told.get(name({ scope: rows[0].scope, slice: rows[0].slice, ...shown }));
    assert.ok(wanted, JSON.stringify(shown));
    for (const key of keys) {
      const [a, b] = [shown[key], wanted[key]].map((text) => (text === "inf" ? Infinity : Number(text)));
      if (wanted[key] === "" || Number.isNaN(b)) assert.equal(shown[key], wanted[key], key);
      else assert.equal(a.toPrecision(9), b.toPrecision(9), key);
    }
  }
});

test("each heading sorts its column", async () => {
  for (const heading of await page.tab.locator("#regions-table th").all()) {
    await heading.locator("button").click();
    const [key, numeric] = await heading.evaluate((th) => [th.dataset.key, !th.classList.contains("text")]);
    const ascending = (await heading.getAttribute("aria-sort")) === "ascending";
    if (!numeric) continue;
    const values = (await cells(page.tab, key)).filter((text) => text !== "").map((text) => (text === "inf" ? Infinity : Number(text)));
    assert.deepEqual(values, [...values].sort((a, b) => (ascending ? a - b || 0 : b - a || 0)), key);
  }
});

test("every slice, trait and colour can be chosen", async () => {
  for (const part of ["slice", "trait"]) {
    for (const { value, text } of await page.tab.$$eval(`#maps [data-state=${part}] option`, (options) => options.map((each) => ({ value: each.value, text: each.textContent })))) {
      await page.tab.selectOption(`#maps [data-state=${part}]`, value);
      await page.tab.waitForFunction(([what, index]) => report.state[what] === Number(index), [part, value]);
      assert.ok(text.length);
    }
  }
  const choices = await page.tab.$$eval("#map-1-color option", (options) => options.map(({ value }) => value));
  const kinds = new Map(choices.map((choice) => [choice.split(":")[0], choice]));
  for (const choice of [...kinds.values(), "log_p"]) {
    await page.tab.selectOption("#map-1-color", choice);
    await page.tab.waitForFunction((wanted) => report.byId("map-1-color").value === wanted && report.plots.has("map-1"), choice);
  }
});

test("every value of the heat map draws", async () => {
  const values = await page.tab.$$eval("#heatmap-value option", (options) => options.map(({ value }) => value));
  assert.ok(values.includes("p_cauchy") && values.includes("q"));
  for (const value of [...values, values[0]]) {
    await page.tab.selectOption("#heatmap-value", value);
    await page.tab.waitForFunction((wanted) => report.plots.get("heatmap-plot").name === `heatmap_${wanted}`, value);
  }
});

test("each plot is saved as SVG, PNG and TSV", async () => {
  const plots = await page.tab.evaluate(() => [...report.plots.keys()].filter((id) => document.querySelector(`[data-plot="${id}"]`)));
  assert.ok(plots.includes("map-1") && plots.includes("heatmap-plot"));
  for (const plot of plots) {
    const select = (kind) => `[data-plot="${plot}"][data-export="${kind}"]`;
    assert.match((await saved(page.tab, select("svg"))).bytes.toString(), /^<svg/, plot);
    assert.equal((await saved(page.tab, select("png"))).bytes.toString("latin1").slice(1, 4), "PNG", plot);
    const lines = (await saved(page.tab, select("tsv"))).bytes.toString().trimEnd().split("\n");
    assert.ok(lines.length > 1, plot);
    assert.ok(lines.every((line) => line.split("\t").length === lines[0].split("\t").length), plot);
    const described = await page.tab.$eval(`#${plot}`, (place) => place.getAttribute("aria-label"));
    assert.ok(described.length > 20, `${plot}: ${described}`);
  }
});

test("dark, print and a phone's width hold everything", async () => {
  await page.tab.click("#theme");
  await page.tab.emulateMedia({ media: "print" });
  for (const colorScheme of ["light", "dark"]) {
    await page.tab.emulateMedia({ media: "print", colorScheme });
    for (const part of ["body", "section"]) assert.equal(await page.tab.$eval(part, (place) => getComputedStyle(place).backgroundColor), "rgb(255, 255, 255)", `${part}, ${colorScheme}`);
  }
  await page.tab.emulateMedia({ media: "screen", colorScheme: "light" });
  await page.tab.setViewportSize({ width: 400, height: 800 });
  await page.tab.waitForTimeout(500);
  assert.ok((await page.tab.evaluate(() => document.documentElement.scrollWidth)) <= 400);
});

test("nothing was asked of the network, no error was told", () => { assert.deepEqual(page.told, []); });
