// Writes a table of results into README.md, between the markers that carry its name.
import fs from 'fs'; import path from 'path';
const file = path.resolve(import.meta.dirname, '../../README.md');
export const row = (cells) => `| ${cells.join(' | ')} |`;
export const table = ([head, ...rows]) => [row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(row)].join('\n');
export function writeInto(name, text) {
  const [from, to] = [`<!-- bench ${name} -->\n`, `<!-- end of bench ${name} -->`];
  const readme = fs.readFileSync(file, 'utf8'), a = readme.indexOf(from), b = readme.indexOf(to);
  if (a < 0 || b < a) throw new Error(`README.md has no place for the table: ${from.trim()} ... ${to}`);
  fs.writeFileSync(file, readme.slice(0, a + from.length) + text.trim() + '\n' + readme.slice(b));
}
