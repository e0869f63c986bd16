// Opening a report in Chromium, from file:// with the network off. CHROMIUM names the browser.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--enable-unsafe-swiftshader"] });

// Opens a page without network; ``told`` collects what must stay empty: errors, dialogs, requests.
export async function open(browser, file, { width = 1400, colorScheme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 1000 }, offline: true, colorScheme, acceptDownloads: true });
  const tab = await context.newPage();
  const told = [];
  tab.on("console", (message) => { if (["error", "warning"].includes(message.type()) && !/GL Driver Message/.test(message.text())) told.push(message.text()); });
  tab.on("pageerror", (error) => told.push(error.message));
  tab.on("dialog", (dialog) => { told.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  tab.on("request", (request) => { if (!/^(file|data|blob):/.test(request.url()) || (request.url().startsWith("file:") && !request.isNavigationRequest())) told.push(request.url()); });
  await tab.goto(pathToFileURL(file).href);
  await tab.waitForSelector("html[data-ready=yes]", { timeout: 120000 });
  return { tab, told, context };
}

// The rows of regions.tsv beside a report, as objects of texts.
export function regionRows(file) {
  const unquoted = (text) => (text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
  const lines = readFileSync(join(dirname(file), "report_data", "regions.tsv"), "utf8").trimEnd().split("\n").map((line) => line.split("\t").map(unquoted));
  const head = lines.shift();
  return lines.map((line) => Object.fromEntries(head.map((name, i) => [name, line[i]])));
}

// What the shown rows of the table of regions hold, a column.
export const cells = (tab, key) => tab.evaluate((name) => {
  const heads = [...document.querySelectorAll("#regions-table th")].map((th) => th.dataset.key);
  return [...document.querySelectorAll("#regions-table tbody tr")].filter((row) => !row.hidden).map((row) => row.cells[heads.indexOf(name)].dataset.v);
}, key);

// Clicks what saves a file and gives that file. Chromium silently drops the eleventh download of a second, hence the pause.
export const saved = async (tab, selector) => {
  await tab.waitForTimeout(120);
  const [download] = await Promise.all([tab.waitForEvent("download"), tab.click(selector)]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
};
