// The section of methods compared (REPORT with methods beside ldsc): its plots follow slice, trait and method.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open } from "./open.mjs";

const page = {};
let browser;

before(async () => {
  browser = await launch();
  Object.assign(page, await open(browser, process.env.REPORT));
});
after(async () => { await browser.close(); });

test("spots are drawn by ldsc and each other method", async () => {
  const scores = await page.tab.evaluate(() => report.data.compared.scores);
  for (const [i, { method, title }] of scores.entries()) {
    await page.tab.selectOption("#compared-score", String(i));
    await page.tab.waitForFunction((wanted) => report.plots.get("compared-spots").name.endsWith(`ldsc_${wanted}`), method);
    const axis = await page.tab.evaluate(() => report.byId("compared-spots").layout.yaxis.title.text);
    assert.equal(axis, title);
  }
});

test("every region has a cell of every method", async () => {
  const [z, regions, methods] = await page.tab.evaluate(() => {
    const { data } = report.byId("compared-regions");
    return [data[0].z, data[0].y.length, report.data.compared.methods.length];
  });
  assert.equal(z.length, regions);
  assert.ok(z.every((row) => row.length === methods && row.every((auc) => auc >= 0 && auc <= 1)));
});

test("the numbers behind the plots can be saved", async () => {
  const rows = await page.tab.evaluate(() => report.plots.get("compared-regions").table());
  assert.deepEqual(rows[0], ["region", "method", "auc", "z", "p", "q"]);
  const spots = await page.tab.evaluate(() => report.plots.get("compared-spots").table());
  assert.ok(spots.length > 100);
});

test("maps can be coloured by other methods", async () => {
  await page.tab.selectOption("#map-1-color", "score:scdrs");
  await page.tab.waitForFunction(() => report.plots.get("map-1").name.endsWith("score_scdrs"));
});
