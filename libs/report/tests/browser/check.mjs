// Opens pages in a headless browser, wide and narrow, light and dark, and
// fails on what a reader would stumble over: violations found by axe-core,
// messages on the console (breaches of the page's policy among them), requests
// to anywhere, and a page that is wider than a phone.
//
//   node check.mjs TOOLS SCREENSHOTS PAGE…
//
// TOOLS is the folder into which axe-core and puppeteer-core were installed;
// CHROMIUM names the browser.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [tools, screenshots, ...pages] = process.argv.slice(2);
const require = createRequire(join(resolve(tools), "package.json"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const WIDTHS = [1280, 390];
const SCHEMES = ["light", "dark"];
const failures = [];

mkdirSync(screenshots, { recursive: true });
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM,
  // Containers run as root, where Chromium has no sandbox.
  args: process.getuid() === 0 ? ["--no-sandbox"] : [],
});
try {
  for (const file of pages) {
    for (const width of WIDTHS) {
      for (const scheme of SCHEMES) {
        await check(file, width, scheme);
      }
    }
    await print(file);
  }
} finally {
  await browser.close();
}
for (const failure of failures) {
  console.error(failure);
}
console.log(`${pages.length} pages, ${failures.length} failures`);
process.exitCode = failures.length > 0 ? 1 : 0;

async function check(file, width, scheme) {
  const name = `${basename(file, ".html")}-${width}-${scheme}`;
  const fail = (text) => failures.push(`${name}: ${text}`);
  const page = await open(file, width, scheme, fail);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  if (overflow > 0) {
    fail(`${overflow} px wider than the screen`);
  }
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
  // What is folded is read as well.
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  for (const violation of await violations(page)) {
    fail(violation);
  }
  await page.close();
}

async function open(file, width, scheme, fail) {
  const page = await browser.newPage();
  page.on("console", (message) => fail(`console: ${message.text()}`));
  page.on("pageerror", (error) => fail(`script: ${error.message}`));
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) {
      fail(`loads ${request.url().slice(0, 100)}`);
    }
  });
  await page.setViewport({ width, height: 900, deviceScaleFactor: 1, isMobile: width < 600, hasTouch: width < 600 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(pathToFileURL(resolve(file)).href, { waitUntil: "load" });
  return page;
}

// Evaluated from outside the page, which therefore keeps its policy.
async function violations(page) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => window.axe.run(document));
  if (passes.length === 0) {
    return ["axe-core has looked at nothing"];
  }
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`);
}

async function print(file) {
  const page = await open(file, 1280, "light", (text) => failures.push(`${file}: ${text}`));
  await page.pdf({
    path: join(screenshots, `${basename(file, ".html")}-print.pdf`),
    preferCSSPageSize: true,
    printBackground: true,
  });
  await page.close();
}
