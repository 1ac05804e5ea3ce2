// Holds the first load of the console to its budget: scripts and styles that the page of each route
// needs before it shows anything, as brotli sends them. Needs `tools/build-console.mjs`.
import { readFileSync, statSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Lower the limit when a change has brought the largest page down; `last` is its value. */
const limitKiB = 150;
const last = 149;

const out = resolve(import.meta.dirname, '../services/console/web/dist');
const manifest = JSON.parse(readFileSync(join(out, '.vite/manifest.json'), 'utf8'));
const [entry] = Object.keys(manifest).filter((name) => manifest[name].isEntry);
const pages = Object.keys(manifest).filter((name) => /-pages?\.tsx$/.test(name) && manifest[name].isDynamicEntry);

let largest = 0;
for (const page of pages) {
  const files = new Set([...filesOf(entry), ...filesOf(page)]);
  const kiB = [...files].reduce((sum, file) => sum + compressedBytes(file), 0) / 1_024;
  largest = Math.max(largest, kiB);
  if (process.argv.includes('--list')) console.log(`${kiB.toFixed(1).padStart(6)} KiB ${page}`);
}
console.log(`first load of the console: ${largest.toFixed(1)} KiB (limit ${limitKiB}, last ${last})`);
if (pages.length === 0 || largest > limitKiB) process.exitCode = 1;

/** Files of a chunk and of those that it imports at once. */
function filesOf(name, seen = new Set()) {
  if (seen.has(name)) return [];
  seen.add(name);
  const { file, css = [], imports = [] } = manifest[name];
  return [file, ...css, ...imports.flatMap((other) => filesOf(other, seen))];
}

function compressedBytes(file) {
  const path = join(out, file);
  return statSync(existsSync(`${path}.br`) ? `${path}.br` : path).size;
}
