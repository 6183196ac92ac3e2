// Our dashboard beside Yew's hello world, both served by our server, in turn, each time with an empty cache.
//   node lib/page.mjs SERVER HELLO_DIST OUR_DIST
import { chromium } from 'playwright-core'; import { spawn } from 'child_process'; import fs from 'fs'; import os from 'os'; import path from 'path';
import { table, writeInto } from './readme.mjs';
const [server, helloDist, ourDist] = process.argv.slice(2), rounds = Number(process.env.ROUNDS || 15);
const nap = (ms) => new Promise((r) => setTimeout(r, ms)), f = (x) => x.toFixed(0), max = (x) => Math.max(...x), min = (x) => Math.min(...x);
const median = (x) => [...x].sort((p, q) => p - q)[x.length >> 1];

async function serve(dist, extra = []) {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-'));
  const child = spawn(server, ['--listen', '127.0.0.1:0', '--dist', dist, '--data', data, '--access-log', 'off', ...extra], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise((done, failed) => {
    child.stdout.on('data', (text) => { const m = String(text).match(/http:\S+/); if (m) done(m[0]); });
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}`)));
  });
  return { url, stop: () => { child.removeAllListeners('exit'); child.kill(); fs.rmSync(data, { recursive: true, force: true }); } };
}
// What the page cannot tell afterwards is watched from the start.
const watch = (ready) => {
  window.__shift = 0; window.__long = [];
  new PerformanceObserver((l) => l.getEntries().forEach((e) => { if (!e.hadRecentInput) window.__shift += e.value; })).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((l) => l.getEntries().forEach((e) => window.__long.push(Math.round(e.duration)))).observe({ type: 'longtask', buffered: true });
  new MutationObserver((_, o) => { if (document.querySelector(ready)) { o.disconnect(); window.__ready = performance.now(); } }).observe(document, { childList: true, subtree: true });
};
const browser = await chromium.launch({ executablePath: process.env.CHROME, args: ['--no-sandbox', '--disable-background-networking'] });
async function load(site, ready) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } }), page = await context.newPage();
  const cdp = await context.newCDPSession(page); await cdp.send('Network.enable');
  let bytes = 0; cdp.on('Network.loadingFinished', (e) => { bytes += e.encodedDataLength; });
  await page.addInitScript(watch, ready); await page.goto(site.url); await page.waitForFunction(() => window.__ready);
  const paint = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime).then((h) => h.jsonValue());
  return { context, page, cdp, paint, ready: await page.evaluate(() => window.__ready), bytes: () => bytes };
}
// Frames between a person's click on a component that is open already and the first frame that shows it.
async function switchFrames(page, hash) {
  await page.evaluate((hash) => {
    window.__shown = new Promise((done) => addEventListener('click', () => {
      let frames = 0;
      const look = () => { frames += 1; document.querySelector(`#iframe-${hash}`).hidden ? requestAnimationFrame(look) : done(frames); };
      requestAnimationFrame(look);
    }, { capture: true, once: true }));
  }, hash);
  await page.click(`[data-hash="${hash}"]`);
  return page.evaluate(() => window.__shown);
}
const agree = (page) => page.click('.consent-answers button:last-child');
async function openAll(page, hashes) {
  for (const hash of hashes) { await page.click(`[data-hash="${hash}"]`); await page.waitForSelector(`#iframe-${hash}:not([hidden])`); await nap(300); }
}

async function loadAndSwitch() {
  const hello = await serve(helloDist), ours = await serve(ourDist);
  const got = { helloPaint: [], helloReady: [], helloBytes: [], helloLong: [], paint: [], ready: [], bytes: [], shift: [], long: [], switching: [], frames: [] };
  for (let k = 0; k <= rounds; k++) {
    const h = await load(hello, 'h1'), o = await load(ours, '.component-item');
    await nap(500);
    const helloBytes = h.bytes(), bytes = o.bytes(), helloLong = await h.page.evaluate(() => window.__long); await h.context.close();
    const loading = await o.page.evaluate(() => window.__long.splice(0));
    await agree(o.page); await openAll(o.page, ['hero-content', 'p2p-status']);
    await o.page.evaluate(() => window.__long.splice(0));
    const frames = [];
    for (const hash of ['welcome', 'hero-content', 'p2p-status', 'welcome']) { frames.push(await switchFrames(o.page, hash)); await nap(60); }
    const seen = await o.page.evaluate(() => ({ shift: window.__shift, long: window.__long })); await o.context.close();
    if (!k) continue;                                      // the first round warms the machine's caches
    got.helloPaint.push(h.paint); got.helloReady.push(h.ready); got.helloBytes.push(helloBytes); got.helloLong.push(max([0, ...helloLong]));
    got.paint.push(o.paint); got.ready.push(o.ready); got.bytes.push(bytes); got.long.push(max([0, ...loading]));
    got.shift.push(seen.shift); got.switching.push(max([0, ...seen.long])); got.frames.push(...frames);
  }
  hello.stop(); ours.stop();
  return got;
}

// 200 components: until the list is there, typing in the search, scrolling.
async function crowd() {
  const registry = JSON.parse(fs.readFileSync(path.join(ourDist, 'registry.json'), 'utf8')), [first] = registry.components;
  for (let k = registry.components.length; k < 200; k++) registry.components.push({ ...first, hash: `crowd-${k}`, name: `Crowd ${k}` });
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'bench-registry-')), 'registry.json'); fs.writeFileSync(file, JSON.stringify(registry));
  const site = await serve(ourDist, ['--registry', file]), o = await load(site, '.component-item'); await nap(500);
  const count = await o.page.evaluate(() => { window.__long.splice(0); return document.querySelectorAll('.component-item').length; });
  const typing = await o.page.evaluate(async () => {
    const input = document.querySelector('#component-search'), count = () => document.querySelectorAll('.component-item').length, took = [];
    for (const text of ['c', 'crowd', 'crowd 1', 'crowd', '']) {
      const before = count(); let frames = 0;
      input.value = text; input.dispatchEvent(new InputEvent('input', { bubbles: true }));
      do { await new Promise(requestAnimationFrame); frames += 1; } while (count() === before && frames < 30);
      took.push(frames);
    }
    return Math.max(...took);
  });
  const scrolling = await o.page.evaluate(async () => {
    const list = document.querySelector('.component-list'); let last = performance.now(), longest = 0;
    for (let k = 0; k < 60; k++) { list.scrollTop += 120; await new Promise(requestAnimationFrame); const now = performance.now(); longest = Math.max(longest, now - last); last = now; }
    return longest;
  });
  const long = await o.page.evaluate(() => Math.max(0, ...window.__long));
  await o.context.close(); site.stop(); fs.rmSync(path.dirname(file), { recursive: true });
  return { count, ready: o.ready, typing, scrolling, long };
}

// The Live page while a component says 10,000 things in ten seconds: what is beyond its budget is counted.
async function storm() {
  const site = await serve(ourDist), o = await load(site, '.component-item'); await agree(o.page);
  await openAll(o.page, ['hero-content']);
  const frame = o.page.frames().find((frame) => frame !== o.page.mainFrame() && frame.url().includes('hero-content'));
  await o.page.evaluate(() => { location.hash = '#/live'; }); await o.page.waitForSelector('.events .event'); await nap(500);
  await o.page.evaluate(() => {
    window.__long.splice(0); window.__frames = []; let last = performance.now();
    const look = () => { const now = performance.now(); window.__frames.push(now - last); last = now; requestAnimationFrame(look); }; requestAnimationFrame(look);
  });
  await frame.evaluate(async () => {
    for (let k = 0; k < 500; k++) {
      for (let i = 0; i < 20; i++) parent.postMessage({ type: 'clm_event', event: 'storm', data: { k, i } }, '*');
      await new Promise((r) => setTimeout(r, 20));
    }
  });
  const told = () => o.page.evaluate(() => window.__CLM_TRACKING__.recorded + (window.__CLM_TRACKING__.dropped.flooded ?? 0));
  for (const start = Date.now(); await told() < 10000;) { if (Date.now() - start > 60000) throw new Error('the storm was not told'); await nap(200); }
  const seen = await o.page.evaluate(() => ({ long: Math.max(0, ...window.__long), frame: Math.max(...window.__frames), rows: document.querySelectorAll('.event').length, recorded: window.__CLM_TRACKING__.recorded, left: window.__CLM_TRACKING__.dropped.flooded ?? 0 }));
  await o.context.close(); site.stop();
  return seen;
}

// An hour of somebody who goes elsewhere every ten seconds, without the waiting: what is kept must not grow.
async function hour() {
  const site = await serve(ourDist), o = await load(site, '.component-item'); await agree(o.page);
  const hashes = ['welcome', 'hero-content', 'p2p-status'], kept = async () => {
    await nap(2000); for (let k = 0; k < 3; k++) await o.cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await o.cdp.send('Performance.getMetrics'), of = (name) => metrics.find((m) => m.name === name).value;
    const { result } = await o.cdp.send('Runtime.evaluate', { expression: 'WebAssembly.Memory.prototype' });
    const { objects } = await o.cdp.send('Runtime.queryObjects', { prototypeObjectId: result.objectId });
    const wasm = await o.cdp.send('Runtime.callFunctionOn', { objectId: objects.objectId, returnByValue: true, functionDeclaration: 'function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }' });
    return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners'), wasm: wasm.result.value };
  };
  await o.cdp.send('Performance.enable'); await openAll(o.page, hashes);
  const walk = (n) => o.page.evaluate(async ([n, hashes]) => { for (let k = 0; k < n; k++) { document.querySelector(`[data-hash="${hashes[k % hashes.length]}"]`).click(); await new Promise((r) => setTimeout(r, 30)); } }, [n, hashes]);
  // Until the list of the latest events, which is bounded, is full.
  await walk(260); const before = await kept();
  await walk(360); const after = await kept();
  const events = await o.page.evaluate(() => window.__CLM_TRACKING__.recorded);
  await o.context.close(); site.stop();
  return { before, after, events };
}

const got = await loadAndSwitch(), many = await crowd(), live = await storm(), long = await hour(); await browser.close();
const paint = median(got.helloPaint), ready = median(got.ready), kB = (x) => `${(x / 1000).toFixed(0)} kB`;
const rows = [
  ['', "Yew's hello world", 'CLM Dashboard', 'ratio'],
  ['first contentful paint, ms', f(paint), f(median(got.paint)), (median(got.paint) / paint).toFixed(2)],
  ['ready to use, ms (fastest)', `${f(median(got.helloReady))} (${f(min(got.helloReady))})`, `${f(ready)} (${f(min(got.ready))})`, `${(ready / paint).toFixed(2)} of its first paint`],
  ['bytes over the wire', kB(median(got.helloBytes)), kB(median(got.bytes)), (median(got.bytes) / median(got.helloBytes)).toFixed(2)],
  ['longest task while loading, ms', f(median(got.helloLong)), f(median(got.long)), ''],
  ['frames until an open component shows: median, worst', '', `${median(got.frames)}, ${max(got.frames)}`, ''],
  ['longest task while switching, ms (0: none over 50)', '', f(median(got.switching)), ''],
  ['layout shift, worst', '', max(got.shift).toFixed(4), ''],
  [`${many.count} components: ready, ms`, '', f(many.ready), `${(many.ready / paint).toFixed(2)} of its first paint`],
  ['frames until a search shows, worst; longest frame while scrolling, ms', '', `${many.typing}; ${f(many.scrolling)}`, ''],
  [`Live page, ${live.recorded + live.left} things said in some 10 s, ${live.recorded} of them within the budget: rows drawn; longest task, ms (0: none over 50)`, '', `${live.rows}; ${live.long}`, ''],
  [`after an hour's ${long.events} events: script heap, wasm memory, nodes`, '', ['heap', 'wasm', 'nodes'].map((k) => `${(long.after[k] / long.before[k] * 100 - 100).toFixed(1)} %`).join(', '), ''],
];
const notes = [];
const swing = max(got.helloPaint) / min(got.helloPaint);
if (swing > 1.5) notes.push(`The machine was noisy: hello world's slowest paint took ${swing.toFixed(1)} times as long as its fastest.`);
console.log(table(rows) + '\n\n' + notes.join('\n'));
console.log(JSON.stringify({ long, many, live }));
if (process.env.README) writeInto('page', `${table(rows)}\n\nMedians of ${rounds} loads in turn, empty cache, our server on the same machine (\`cargo xtask bench page\`). ${notes.join(' ')}`);
