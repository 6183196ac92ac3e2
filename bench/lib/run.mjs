// Drives Chromium over the adapters; see ../README.md for what each scenario means.
import { chromium } from 'playwright-core'; import fs from 'fs'; import os from 'os'; import path from 'path'; import { spawn } from 'child_process';
import { Bench } from './server.mjs';
const root = path.resolve(import.meta.dirname, '..'); process.chdir(root);
const all = fs.readdirSync('adapters').map((f) => f.replace(/\.js$/, ''));
const adapters = (process.env.ADAPTERS || 'ours seed faro posthog snowplow').split(/\s+/).filter((a) => all.includes(a));
const scenarios = (process.env.SCENARIOS || 'perf perfcon perfpace pace http500 down10 r429 close offclose').split(/\s+/);
const origin = process.env.ORIGIN || 'same', par = Number(process.env.PAR || 3), reps = Number(process.env.REPS || 5);
// A smoke run does little of everything.
const events = Number(process.env.EVENTS || 2000), rounds = Number(process.env.ROUNDS || 8), paces = (process.env.PACES || 'burst 20/s 1/s').split(' ');
const nap = (ms) => new Promise((r) => setTimeout(r, ms));
const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const meta = (a) => {
  const f = fs.existsSync(`adapters/${a}.js`) ? `adapters/${a}.js` : `adapters/${a}/index.html`;
  const m = fs.readFileSync(f, 'utf8').match(/bench:\s*(\{.*\})/); return m ? JSON.parse(m[1].replace(/\s*-->.*/, '')) : {};
};
const outFile = (a, s) => `results/${a}.${s}${origin === 'cross' ? '.cross' : ''}${process.env.LAT ? '.lat' + process.env.LAT : ''}.json`;
const save = (a, s, o) => fs.writeFileSync(outFile(a, s), JSON.stringify(o, null, 1));
async function withBrowser(fn) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'peers-ud-'));
  const ctx = await chromium.launchPersistentContext(dir, { executablePath: process.env.CHROME, headless: false, args: ARGS });
  try { return await fn(ctx); } finally { await ctx.close().catch(() => {}); fs.rmSync(dir, { recursive: true, force: true }); }
}
async function open(ctx, b, a, q = {}) {
  const page = await ctx.newPage(); page.on('pageerror', (e) => console.error(a, 'pageerror', String(e).slice(0, 160)));
  await page.goto(b.url(a, q)); await page.waitForFunction(() => typeof window.track === 'function', null, { timeout: 20000 }); return page;
}
const emit = (page, n, gap, from = 0) => page.evaluate(async ([n, gap, from]) => {
  if (!gap) { for (let i = 0; i < n; i++) window.track(from + i); return; }
  const t0 = performance.now();
  for (let i = 0; i < n; i++) { window.track(from + i); const d = t0 + (i + 1) * gap - performance.now(); if (d > 0) await new Promise((r) => setTimeout(r, d)); }
}, [n, gap, from]);
const median = (x) => { const s = [...x].sort((p, q) => p - q); return s[s.length >> 1]; };

const S = {
  // main-thread cost of track(): 2,000 in a loop, fresh profile each, console silenced. One round; rounds are interleaved over adapters (below).
  async perfRound(a, m) {
    const b = new Bench(m, origin); await b.start();
    try { return await withBrowser(async (ctx) => {
      const page = await open(ctx, b, a, { quiet: '1', mode: 'perf' }); await nap(600);
      await emit(page, 200, 0); await nap(1500);
      const cdp = await ctx.newCDPSession(page); await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });   // CPU time of the main thread: other load on the machine does not count
      const task = async () => (await cdp.send('Performance.getMetrics')).metrics.find((x) => x.name === 'TaskDuration').value;
      // a fixed piece of work, to tell how slow the machine was in this round
      const ref = async () => { const t = await task(); await page.evaluate(() => { const o = { a: 'x'.repeat(40), b: [1, 2, 3], c: { d: 1.5, e: null } }; let n = 0; for (let i = 0; i < 40000; i++) n += JSON.stringify(o).length; return n; }); return ((await task()) - t) * 1e3; };
      await ref(); const refMs = await ref();
      await page.evaluate(() => { window.__long.length = 0; });
      const t0 = await task();
      const wall = await page.evaluate((n) => { const t = performance.now(); for (let i = 0; i < n; i++) window.track(1000 + i); return (performance.now() - t) * 1000 / n; }, events);
      const t1 = await task(); await nap(6500); const t2 = await task();
      const longest = await page.evaluate(() => Math.max(0, ...window.__long));
      return { wall, longest, cpu: (t1 - t0) * 1e6 / events, total: (t2 - t0) * 1e6 / events, refMs, delivered: b.stats().delivered };
    }); } finally { await b.stop(); }
  },
  // the same loop with the console left on and no DevTools protocol attached (page drives itself); `quiet` twin for a like-for-like base
  async perfcon(a, m) {
    const res = {};
    for (const quiet of ['1', '0']) {
      const v = [];
      for (let k = 0; k < 8; k++) {
        const b = new Bench(m, origin); await b.start(); const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'peers-ud-'));
        const got = new Promise((r) => { b.onResult = r; });
        const p = spawn(process.env.CHROME, [...ARGS, '--user-data-dir=' + dir, b.url(a, { quiet, mode: 'perf', auto: '2000' })], { stdio: 'ignore', detached: true });
        const r = await Promise.race([got, nap(30000).then(() => null)]);
        try { process.kill(-p.pid, 'SIGTERM'); } catch {} await nap(400); try { process.kill(-p.pid, 'SIGKILL'); } catch {}
        await b.stop(); fs.rmSync(dir, { recursive: true, force: true }); if (k && r) v.push(r.us);
      }
      res[quiet === '1' ? 'quietUs' : 'consoleUs'] = median(v); res[quiet === '1' ? 'quietAll' : 'consoleAll'] = v;
    }
    return res;
  },
  // bytes and requests at three paces
  async pace(a, m) {
    const res = {};
    for (const [name, n, gap, wait] of [['burst', 100, 0, 8000], ['20/s', 100, 50, 8000], ['1/s', 30, 1000, 8000]].filter(([name]) => paces.includes(name))) {
      const b = new Bench(m, origin); await b.start();
      await withBrowser(async (ctx) => { const page = await open(ctx, b, a); await nap(2500); const pf0 = b.stats().preflights; await emit(page, n, gap); await nap(wait); const s = b.stats();
        res[name] = { n, ...s, preflightsDuring: s.preflights - pf0, bytesPerEvent: s.delivered ? s.bytes / s.delivered : null, reqPer100: s.delivered ? s.reqs * 100 / s.delivered : null,
          hdrPerReq: (() => { const r = b.log.filter((x) => x.kind === 'post' && x.ids.length); return r.length ? r.reduce((p, x) => p + x.hdr, 0) / r.length : null; })() }; });
      await b.stop();
    }
    return res;
  },
  async http500(a, m) { return lossy(a, m, { n: 100, gap: 50, settle: 25000, policy: () => { let k = 0; return () => (k++ < 3 ? { status: 500 } : null); } }); },
  async r429(a, m) {
    return lossy(a, m, { n: 100, gap: 50, settle: 25000, policy: () => { let first = 0; return (r, t) => { first ||= t; return t - first < 2000 ? { status: 429, headers: { 'retry-after': '2' } } : null; }; },
      extra: (b) => { const f = b.log.find((r) => r.status === 429); return { sentDuringBackoff: f ? b.log.filter((r) => r.kind === 'post' && r.ids.length && r.t > f.t && r.t < f.t + 2000).length : 0 }; } });
  },
  async down10(a, m) { return lossy(a, m, { n: 200, gap: 100, settle: 45000, downMs: 10000 }); },
  // 7 events 20 ms apart, then the tab closes / goes elsewhere at once; afterwards one more visit with no new events
  async close(a, m) {
    const res = {};
    for (const how of ['close', 'nav', 'kill']) {
      let got = 0, after = 0, dup = 0;
      for (let k = 0; k < reps; k++) {
        const b = new Bench(m, origin); await b.start();
        await withBrowser(async (ctx) => {
          const page = await open(ctx, b, a); await nap(2000);
          if (how === 'nav') await page.evaluate(async (u) => { for (let i = 0; i < 7; i++) { window.track(i); if (i < 6) await new Promise((r) => setTimeout(r, 20)); } location.href = u; }, `http://127.0.0.1:${b.pagePort}/__blank`).catch(() => {});
          else { await page.evaluate(async () => { for (let i = 0; i < 7; i++) { window.track(i); if (i < 6) await new Promise((r) => setTimeout(r, 20)); } });
            if (how === 'close') await page.close({ runBeforeUnload: true });
            else { const c = await ctx.newCDPSession(page); c.send('Page.crash').catch(() => {}); } }   // renderer dies: no unload handler runs
          await nap(3000); got += b.stats().delivered;
          await open(ctx, b, a).then((p2) => emit(p2, 1, 0, 900)).catch(() => {}); await nap(6000); after += b.below(7); dup += b.stats().dup;
        });
        await b.stop();
      }
      res[how] = { sent: 7 * reps, delivered: got, afterNextVisit: after, dup };
    }
    return res;
  },
};
// CPU per event at a human-like pace: 100 events at 20/s, batching and sending included, minus the same loop with an empty body
S.paceRound = async (a, m) => {
  const b = new Bench(m, origin); await b.start();
  try { return await withBrowser(async (ctx) => {
    const page = await open(ctx, b, a, { quiet: '1', mode: 'perf' }); await emit(page, 5, 50, 5000); await nap(5500);
    const cdp = await ctx.newCDPSession(page); await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const task = async () => (await cdp.send('Performance.getMetrics')).metrics.find((x) => x.name === 'TaskDuration').value;
    const span = async (f) => { const t = await task(); await f(); await nap(4000); return (await task()) - t; };
    const idle = await span(() => page.evaluate(async () => { const t0 = performance.now(); for (let i = 0; i < 100; i++) { const d = t0 + (i + 1) * 50 - performance.now(); if (d > 0) await new Promise((r) => setTimeout(r, d)); } }));
    const busy = await span(() => emit(page, 100, 50)); return (busy - idle) * 1e6 / 100;
  }); } finally { await b.stop(); }
};
// the worst case for an in-memory queue: the sink is down, 7 events, the tab closes; later the sink is up and the user comes back
S.offclose = async (a, m) => {
  let got = 0, dup = 0;
  for (let k = 0; k < reps; k++) {
    const b = new Bench(m, 'cross'); await b.start();
    await withBrowser(async (ctx) => {
      const page = await open(ctx, b, a); await nap(2000); await b.down();
      await emit(page, 7, 20); await page.close({ runBeforeUnload: true }); await nap(1500); await b.up();
      const again = await open(ctx, b, a); await emit(again, 1, 0, 900); await nap(6000);
      await again.close(); await nap(500); got += b.below(7); dup += b.stats().dup;
    });
    await b.stop();
  }
  return { sent: 7 * reps, afterNextVisit: got, dup };
};
async function lossy(a, m, o) {
  const b = new Bench(m, origin); await b.start();
  const res = await withBrowser(async (ctx) => {
    const page = await open(ctx, b, a); await nap(2500);
    if (o.policy) b.policy = o.policy();
    if (o.downMs) { await b.down(); setTimeout(() => b.up(), o.downMs); }
    await emit(page, o.n, o.gap); const atEnd = b.stats().delivered; await nap(o.settle); const s = b.stats();
    const fullAt = (() => { const seen = new Set(); let last = 0; for (const r of b.log) if (r.kind === 'post' && r.status < 400) for (const i of r.ids) if (!seen.has(i)) { seen.add(i); last = r.t; } return last; })();
    const first = b.log.find((r) => r.kind === 'post' && r.ids.length)?.t;
    await page.goto(b.url(a)); await nap(6000); const s2 = b.stats();
    return { sent: o.n, deliveredAtLastEvent: atEnd, delivered: s.delivered, afterReload: s2.delivered, dup: s2.dup, rejected: s.rejected, idReqs: s2.idReqs, lastNewAfterMs: first ? fullAt - first : null, ...(o.extra ? o.extra(b) : {}) };
  });
  await b.stop(); return res;
}
const jobs = []; for (const s of scenarios) for (const a of adapters) if (S[s]) jobs.push([s, a]);
const cpu = jobs.filter(([s]) => s === 'perfcon'), wall = jobs.filter(([s]) => s !== 'perfcon');
const one = async ([s, a]) => { const t = Date.now(); try { const r = await S[s](a, meta(a)); save(a, s, r); console.error(s, a, JSON.stringify(r).slice(0, 300), Math.round((Date.now() - t) / 1000) + 's'); } catch (e) { console.error('FAIL', s, a, String(e).slice(0, 300)); save(a, s, { error: String(e).slice(0, 200) }); process.exitCode = 1; } };
// Timing runs alone, adapters in turn, so that a busy minute is everybody's; round 0 warms up and is dropped.
async function inTurn(name, n, round) {
  const got = Object.fromEntries(adapters.map((a) => [a, []]));
  for (let k = 0; k < n; k++) for (const a of adapters) {
    try { const r = await round(a, meta(a)); console.error(name, k, a, JSON.stringify(r)); if (k) got[a].push(r); } catch (e) { console.error('FAIL', name, a, String(e).slice(0, 200)); process.exitCode = 1; }
  }
  return Object.entries(got).filter(([, runs]) => runs.length);
}
if (scenarios.includes('perf')) for (const [a, g] of await inTurn('perf', rounds, S.perfRound)) {
  const m = (f) => median(g.map(f));
  save(a, 'perf', { runs: g.length, us: m((r) => r.cpu), min: Math.min(...g.map((r) => r.cpu)), max: Math.max(...g.map((r) => r.cpu)), wall: m((r) => r.wall), wallMin: Math.min(...g.map((r) => r.wall)), totalUs: m((r) => r.total), totalMin: Math.min(...g.map((r) => r.total)), refMs: m((r) => r.refMs), longest: m((r) => r.longest), sent: events + 200, delivered: m((r) => r.delivered), all: g });
}
if (scenarios.includes('perfpace')) for (const [a, g] of await inTurn('perfpace', Math.min(rounds, 6), S.paceRound)) save(a, 'perfpace', { us: median(g), min: Math.min(...g), all: g });
for (const j of cpu) await one(j);
const q = [...wall]; await Promise.all(Array.from({ length: par }, async () => { while (q.length) await one(q.shift()); }));
