// Runs `up` with a port for debuggers, and builds and starts it again after each edit: npm run dev -- [arguments of up]
// An edit that does not compile leaves the running one alone.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const inspector = process.env.INSPECT ?? '127.0.0.1:9229';
/** Editors write several files at once. */
const settleMs = 150;
const sources = /^(?!.*\.test\.ts$).*\bsrc\/.*\.(?:ts|tsx|css)$/;
const flags = [
  '--max-semi-space-size=4',
  '--initial-old-space-size=32',
  '--heap-growing-percent=50',
  `--inspect=${inspector}`,
];

const log = (text) => console.error(`dev: ${text}`);
const node = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0;

let up;
let timer;
/** The last build and start; each waits for the one before. */
let work = Promise.resolve();
let isStopping = false;

for (const folder of ['libs', 'services', 'cli'])
  watch(join(root, folder), { recursive: true }, (_, name) => {
    if (name === null || !sources.test(name)) return;
    clearTimeout(timer);
    timer = setTimeout(() => (work = work.then(restart)), settleMs);
  });
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    isStopping = true;
    void work.then(stop).then(() => process.exit());
  });
work = restart();

async function restart() {
  const began = Date.now();
  if (isStopping || !build()) return;
  log(`built in ${((Date.now() - began) / 1_000).toFixed(1)} s; debugger at ${inspector}`);
  await stop();
  if (isStopping) return;
  // In a group of its own: Ctrl-C comes here, and stops it once.
  const args = [...flags, join(root, 'cli/dist/bundle/main.js'), 'up', ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { detached: true, stdio: 'inherit' });
  up = child;
  child.once('exit', (code) => {
    if (up !== child) return;
    up = undefined;
    log(`up ended with ${code}; the next edit starts it again`);
  });
}

function build() {
  return node('node_modules/ts7/bin/tsc', '-b', 'cli') && node('tools/bundle.mjs') && node('tools/build-console.mjs');
}

async function stop() {
  const child = up;
  up = undefined;
  if (!child || child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
