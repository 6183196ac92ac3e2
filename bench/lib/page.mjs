// Our dashboard beside Yew's hello world, both served by our server, in turn, each time with an empty cache.
//   node lib/page.mjs SERVER HELLO_DIST OUR_DIST
import { chromium } from 'playwright-core'; import { spawn } from 'child_process'; import fs from 'fs'; import os from 'os'; import path from 'path';
const [server, helloDist, ourDist] = process.argv.slice(2), rounds = Number(process.env.ROUNDS || 15);
const median = (x) => [...x].sort((p, q) => p - q)[x.length >> 1], nap = (ms) => new Promise((r) => setTimeout(r, ms));
async function serve(dist) {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-'));
  const child = spawn(server, ['--listen', '127.0.0.1:0', '--dist', dist, '--data', data], { stdio: ['ignore', 'pipe', 'ignore'] });
  const url = await new Promise((r) => child.stdout.once('data', (t) => r(String(t).match(/http:\S+/)[0])));
  return { url, stop: () => { child.kill(); fs.rmSync(data, { recursive: true, force: true }); } };
}
const browser = await chromium.launch({ executablePath: process.env.CHROME, args: ['--no-sandbox', '--disable-background-networking'] });
// What the page cannot tell afterwards is watched from the start.
const watch = (ready) => {
  window.__shift = 0; window.__long = [];
  new PerformanceObserver((l) => l.getEntries().forEach((e) => { if (!e.hadRecentInput) window.__shift += e.value; })).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((l) => l.getEntries().forEach((e) => window.__long.push(Math.round(e.duration)))).observe({ type: 'longtask', buffered: true });
  new MutationObserver((_, o) => { if (document.querySelector(ready)) { o.disconnect(); window.__ready = performance.now(); } }).observe(document, { childList: true, subtree: true });
};
async function load(site, ready) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } }), page = await context.newPage();
  const cdp = await context.newCDPSession(page); await cdp.send('Network.enable');
  let bytes = 0; cdp.on('Network.loadingFinished', (e) => { bytes += e.encodedDataLength; });
  await page.addInitScript(watch, ready); await page.goto(site.url); await page.waitForFunction(() => window.__ready);
  const paint = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime).then((h) => h.jsonValue());
  return { context, page, paint, ready: await page.evaluate(() => window.__ready), bytes: () => bytes };
}
// Frames between a click on a component that is open already and the first frame that shows it.
const switchFrames = (page, hash) => page.evaluate((hash) => new Promise((done) => {
  let frames = 0;
  const look = () => { frames += 1; document.querySelector(`#iframe-${hash}`).hidden ? requestAnimationFrame(look) : done(frames); };
  document.querySelector(`[data-hash="${hash}"]`).click(); requestAnimationFrame(look);
}), hash);
const hello = await serve(helloDist), ours = await serve(ourDist), got = { helloPaint: [], helloReady: [], paint: [], ready: [], bytes: [], helloBytes: [], shift: [], long: [], frames: [] };
for (let k = 0; k <= rounds; k++) {
  const h = await load(hello, 'h1'); const o = await load(ours, '.component-item');
  await nap(500); const helloBytes = h.bytes(), bytes = o.bytes(); await h.context.close();
  const frames = [];
  await o.page.click('.consent-answers button:last-child');
  for (const hash of ['hero-content', 'p2p-status']) { await o.page.click(`[data-hash="${hash}"]`); await o.page.waitForSelector(`#iframe-${hash}:not([hidden])`); await nap(300); }
  for (const hash of ['welcome', 'hero-content', 'p2p-status', 'welcome']) { frames.push(await switchFrames(o.page, hash)); await nap(60); }
  const seen = await o.page.evaluate(() => ({ shift: window.__shift, long: window.__long })); await o.context.close();
  if (!k) continue;                                        // the first round warms the machine's caches
  got.helloPaint.push(h.paint); got.helloReady.push(h.ready); got.helloBytes.push(helloBytes); got.bytes.push(bytes);
  got.paint.push(o.paint); got.ready.push(o.ready); got.shift.push(seen.shift); got.long.push(Math.max(0, ...seen.long)); got.frames.push(Math.max(...frames));
}
await browser.close(); hello.stop(); ours.stop();
const spread = (x) => (Math.max(...x) - Math.min(...x)) / median(x), f = (x) => x.toFixed(0);
const rows = [
  ['', 'hello world', 'dashboard', 'ratio'],
  ['first contentful paint, ms', f(median(got.helloPaint)), f(median(got.paint)), (median(got.paint) / median(got.helloPaint)).toFixed(2)],
  ['ready to use, ms', f(median(got.helloReady)), f(median(got.ready)), (median(got.ready) / median(got.helloPaint)).toFixed(2) + ' of first paint'],
  ['bytes over the wire', f(median(got.helloBytes)), f(median(got.bytes)), (median(got.bytes) / median(got.helloBytes)).toFixed(2)],
  ['frames until a cached component shows, worst', '', f(Math.max(...got.frames)), ''],
  ['layout shift, worst', '', Math.max(...got.shift).toFixed(4), ''],
  ['longest task, ms, median of worst', '', f(median(got.long)), ''],
];
console.log(rows.map((r) => '| ' + r.join(' | ') + ' |' + (r === rows[0] ? '\n|---|---|---|---|' : '')).join('\n'));
if (spread(got.helloPaint) > 1) console.log(`\nThe machine is noisy: hello world's paint varies by ${f(spread(got.helloPaint) * 100)} %. Close other work and run again.`);
