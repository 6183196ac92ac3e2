// The table of what results/ holds; with README set, its most telling rows go into README.md as well.
import fs from 'fs'; import path from 'path';
import { table, writeInto } from './readme.mjs';
process.chdir(path.resolve(import.meta.dirname, '..'));
const J = (f) => { try { return JSON.parse(fs.readFileSync(f, 'utf8')); } catch { return null; } };
const sizes = J('results/sizes.json') || {};
const names = (process.env.ADAPTERS || 'ours seed faro posthog snowplow').split(/\s+/).filter((n) => n in sizes);
const R = (n, s) => J(`results/${n}.${s}.json`), f1 = (x) => (x == null || Number.isNaN(x) ? '-' : x >= 100 ? String(Math.round(x)) : x.toFixed(1));
const rows = [], row = (label, fn) => rows.push([label, ...names.map((n) => { try { return String(fn(n) ?? '-'); } catch { return '-'; } })]);
row('size raw B', (n) => sizes[n].raw); row('size gzip -9 B', (n) => sizes[n].gzip9); row('size brotli 11 B', (n) => sizes[n].brotli11);
row('us CPU/event in loop, median (min-max)', (n) => { const p = R(n, 'perf'); return `${f1(p.us)} (${f1(p.min)}-${f1(p.max)})`; });
row('us wall/event in loop, median (min)', (n) => { const p = R(n, 'perf'); return `${f1(p.wall)} (${f1(p.wallMin)})`; });
row('us CPU/event incl. 6.5 s after', (n) => f1(R(n, 'perf').totalUs));
row('longest task of burst, ms (0: <50)', (n) => R(n, 'perf').longest);
row('us CPU/event at 20/s, all work', (n) => f1(R(n, 'perfpace').us));
row('reference work, ms CPU', (n) => f1(R(n, 'perf').refMs));
row('  of these events, delivered', (n) => { const p = R(n, 'perf'); return `${p.delivered}/${p.sent}`; });
row('us/event no CDP: console off / on', (n) => { const p = R(n, 'perfcon'); return `${f1(p.quietUs)} / ${f1(p.consoleUs)}`; });
for (const k of ['burst', '20/s', '1/s']) {
  row(`${k}: body B/event`, (n) => f1(R(n, 'pace')[k].bytesPerEvent)); row(`${k}: requests/100 events`, (n) => f1(R(n, 'pace')[k].reqPer100));
  row(`${k}: delivered/sent`, (n) => `${R(n, 'pace')[k].delivered}/${R(n, 'pace')[k].n}`);
}
row('1/s: preflights in run', (n) => R(n, 'pace')['1/s'].preflightsDuring);
for (const [s, t] of [['http500', '500 x3 then ok'], ['r429', '429 for 2 s'], ['down10', 'down 10 s']]) {
  row(`${t}: delivered/sent`, (n) => { const r = R(n, s); return `${r.delivered}/${r.sent}`; });
  row(`  after a reload; dup`, (n) => { const r = R(n, s); return `${r.afterReload}; ${r.dup}`; });
  if (s === 'r429') row('  posts sent inside the 2 s', (n) => R(n, s).sentDuringBackoff);
}
for (const o of ['', '.cross', '.lat150', '.cross.lat150']) for (const h of ['close', 'nav', 'kill']) row(`${h}${o.includes('cross') ? ', cross' : ', same origin'}${o.includes('lat') ? ', sink 150 ms' : ''}: at once / next visit`, (n) => { const r = R(n, 'close' + o)[h]; return `${r.delivered}/${r.sent} / ${r.afterNextVisit}${r.dup ? ` dup ${r.dup}` : ''}`; });
row('sink down + close: after next visit', (n) => { const r = R(n, 'offclose'); return `${r.afterNextVisit}/${r.sent}`; });
const all = [['', ...names], ...rows], w = all[0].map((_, i) => Math.max(...all.map((r) => r[i].length)));
for (const r of all) if (r === all[0] || r.slice(1).some((x) => x !== '-')) console.log(r.map((c, i) => (i ? c.padStart(w[i]) : c.padEnd(w[i]))).join('  '));

// The same work took this much longer in one round than in another: nobody's figures are better than that.
const work = names.flatMap((n) => R(n, 'perf')?.all ?? []).map((r) => r.refMs), swing = Math.max(...work) / Math.min(...work);
const noise = work.length ? `The same piece of work took up to ${swing.toFixed(1)} times as long in one round as in another.` : '';
if (swing > 1.5) console.log(`\nThe machine is noisy. ${noise} Trust the ratios within a row, and run again when it is quiet.`);

if (process.env.README) {
  const label = { ours: 'CLM Dashboard', seed: "the design text's class", faro: 'Faro', posthog: 'PostHog', snowplow: 'Snowplow' };
  const line = (what, of) => [what, ...names.map((n) => { try { return String(of(n)); } catch { return '–'; } })];
  const paces = (of) => (n) => ['burst', '20/s', '1/s'].map((k) => Math.round(of(R(n, 'pace')[k]))).join(' / ');
  const lost = (s) => (n) => { const r = R(n, s); if (!(r.sent > 0)) throw r; return r.sent - r.afterReload; };
  writeInto('trackers', table([
    ['', ...names.map((n) => label[n] ?? n)],
    line('µs of the main thread per event, burst of 2,000', (n) => Math.round(R(n, 'perf').us)),
    line('the same, sending included', (n) => Math.round(R(n, 'perf').totalUs)),
    line('longest task of that burst, ms (0: none over 50)', (n) => R(n, 'perf').longest),
    line('µs of the main thread per event at 20 a second, all work', (n) => Math.round(R(n, 'perfpace').us)),
    line('bytes per event: burst / 20 a second / 1 a second', paces((p) => p.bytesPerEvent)),
    line('requests per 100 events, at the same three', paces((p) => p.reqPer100)),
    line('lost of 100 when three requests are answered 500', lost('http500')),
    line('lost of 200 when the receiver is down for 10 s', lost('down10')),
    line('lost of 35 when the page is left at once / the renderer dies', (n) => { const { nav, kill } = R(n, 'close'); return `${nav.sent - nav.afterNextVisit} / ${kill.sent - kill.afterNextVisit}`; }),
  ].filter((cells, k) => !k || cells.slice(1).some((cell) => cell !== '–'))) + `\n\nMedians of one run on 2 cores, adapters in turn (\`cargo xtask bench trackers\`). ${noise}`);
}
