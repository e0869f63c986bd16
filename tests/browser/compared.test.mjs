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

test("a few spots far from all others do not press the rest together", async () => {
  await page.tab.selectOption("#compared-score", "0");
  await page.tab.waitForFunction(() => report.plots.get("compared-spots").name.endsWith("ldsc_scdrs"));
  const [range, low, triangles, note, saved] = await page.tab.evaluate(() => {
    const { data, layout } = report.byId("compared-spots");
    const lowest = Math.min(...data.flatMap(({ y }) => Array.from(y)));
    const marked = data.flatMap(({ marker }) => marker.symbol).filter((symbol) => symbol === "triangle-down");
    return [layout.yaxis.range, lowest, marked.length, report.byId("compared-note").textContent, report.plots.get("compared-spots").table()];
  });
  assert.ok(range[0] > -6, range);
  assert.ok(low >= range[0]);
  assert.equal(triangles, 2);
  assert.match(note, /^2 spots lie far from all others .*−10/);
  assert.equal(saved.filter((row) => row[3] === -10).length, 2); // as they are in what is saved
});

test("the axis shows all values unless few lie far out", async () => {
  const reach = (values) => page.tab.evaluate((given) => report.reach(given), values);
  const near = Array.from({ length: 200 }, (_, i) => i / 100);
  const inside = (values, [low, high]) => values.every((value) => low < value && value < high);
  assert.ok(inside(near, await reach([...near, -50, 60])));
  assert.ok((await reach([...near, -50, 60]))[1] < 3);
  const group = Array(20).fill(40);
  assert.ok(inside([...near, ...group], await reach([...near, ...group])));
  assert.ok(inside([5], await reach([5, 5, NaN])));
  assert.deepEqual(await reach([]), [0, 1]);
});

test("names of methods and regions are level and apart, on any screen", async () => {
  for (const width of [1400, 400]) {
    const { tab, context } = await open(browser, process.env.REPORT, { width });
    const boxes = await tab.evaluate(() => ["x", "y"].map((axis) => [...document.querySelectorAll(`#compared-regions .${axis}tick text`)].map((text) => {
      const { left, right, top, bottom } = text.getBoundingClientRect();
      return { left, right, top, bottom, turned: /rotate\((?!0[,)])/.test(text.getAttribute("transform") ?? "") };
    })));
    for (const [axis, [from, to]] of [["left", "right"], ["top", "bottom"]].entries()) {
      assert.ok(boxes[axis].length > 1);
      assert.ok(!boxes[axis].some(({ turned }) => turned), `${width}`);
      const sorted = [...boxes[axis]].sort((a, b) => a[from] - b[from]);
      sorted.slice(1).forEach((box, i) => assert.ok(box[from] >= sorted[i][to] - 1, `${width} ${axis} ${JSON.stringify(sorted)}`));
    }
    await context.close();
  }
});

test("what is not drawn cannot be exported", async () => {
  const hidden = () => page.tab.evaluate(() => document.querySelector("[data-plot=curve-plot]").closest(".exports").hidden);
  assert.equal(await hidden(), false);
  await page.tab.evaluate(() => report.absent("curve-plot", "No training curve."));
  assert.equal(await hidden(), true);
  assert.equal(await page.tab.locator("[data-plot=curve-plot]").first().isVisible(), false);
  await page.tab.evaluate(() => report.drawCurves());
  assert.equal(await hidden(), false);
});

test("names below the heat map keep clear of its scale on a small screen", async () => {
  const { tab, context } = await open(browser, process.env.REPORT, { width: 400 });
  const [names, bar] = await tab.evaluate(() => {
    const box = (element) => { const { left, right, top, bottom } = element.getBoundingClientRect(); return { left, right, top, bottom }; };
    return [[...document.querySelectorAll("#heatmap-plot .xtick text")].map(box), box(document.querySelector("#heatmap-plot .colorbar"))];
  });
  assert.ok(names.length && bar.right > bar.left);
  for (const name of names) assert.ok(name.right <= bar.left + 1 || name.left >= bar.right || name.top >= bar.bottom - 1, JSON.stringify([name, bar]));
  await context.close();
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
