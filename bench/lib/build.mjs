// Bundles every adapters/*.js with esbuild, writes results/sizes.json
import { build } from 'esbuild';
import fs from 'fs'; import zlib from 'zlib'; import path from 'path';
const root = path.resolve(import.meta.dirname, '..'); process.chdir(root);
fs.mkdirSync('gen', { recursive: true }); fs.mkdirSync('results', { recursive: true });
const size = (buf) => ({ raw: buf.length, gzip9: zlib.gzipSync(buf, { level: 9 }).length, brotli11: zlib.brotliCompressSync(buf).length });
const out = {};
const wanted = (process.env.ADAPTERS || 'ours seed faro posthog snowplow').split(/\s+/);
for (const f of fs.readdirSync('adapters')) {
  if (!wanted.includes(f.replace(/\.js$/, ''))) continue;
  const p = path.join('adapters', f), st = fs.statSync(p);
  if (st.isDirectory()) {
    // a page adapter: sum of all its own files (each compressed alone), as a browser would fetch them
    const files = fs.readdirSync(p, { recursive: true }).map((x) => path.join(p, x)).filter((x) => fs.statSync(x).isFile());
    const meta = JSON.parse((fs.readFileSync(path.join(p, 'index.html'), 'utf8').match(/bench:\s*(\{.*?\})\s*-->/) || [, '{}'])[1]);
    if (meta.build) files.splice(0, files.length, path.join('gen', meta.build));
    const t = { raw: 0, gzip9: 0, brotli11: 0 };
    for (const x of files) { const s = size(fs.readFileSync(x)); for (const k in t) t[k] += s[k]; }
    out[f] = t; continue;
  }
  const name = f.replace(/\.js$/, '');
  await build({ entryPoints: [p], bundle: true, minify: true, format: 'iife', outfile: `gen/${name}.js`, legalComments: 'none', logLevel: 'error' });
  out[name] = size(fs.readFileSync(`gen/${name}.js`));
}
fs.writeFileSync('results/sizes.json', JSON.stringify(out, null, 1));
console.error('built', Object.keys(out).join(' '));
