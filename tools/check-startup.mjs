// Holds the cost of offline commands to limits: files and code that they load, CPU time as a
// multiple of `node -e 0`, peak memory. Minima of several runs, so that other load on the machine
// does not fail it. Needs a build and the bundle.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildImage } from '@tidewaiter/testkit';

/**
 * Lower a limit when a change has brought its value down; `last` is the value of a quiet machine.
 */
const limits = {
  '--version': {
    files: { limit: 9, last: 6 },
    kilobytes: { limit: 140, last: 135 },
    cpuRatio: { limit: 5, last: 2.3 },
    peakMiB: { limit: 70, last: 53 },
  },
  '--help': {
    files: { limit: 88, last: 83 },
    kilobytes: { limit: 750, last: 719 },
    cpuRatio: { limit: 9, last: 4.9 },
    peakMiB: { limit: 90, last: 69 },
  },
  'known scan': {
    files: { limit: 36, last: 33 },
    kilobytes: { limit: 360, last: 342 },
    cpuRatio: { limit: 8, last: 5.2 },
    peakMiB: { limit: 80, last: 67 },
  },
  scan: {
    files: { limit: 48, last: 45 },
    kilobytes: { limit: 1_640, last: 1_619 },
    cpuRatio: { limit: 10, last: 6.6 },
    peakMiB: { limit: 110, last: 83 },
  },
  'scan with advisories': {
    files: { limit: 62, last: 59 },
    kilobytes: { limit: 2_290, last: 2_262 },
    cpuRatio: { limit: 12, last: 8.5 },
    peakMiB: { limit: 125, last: 94 },
  },
  explain: {
    files: { limit: 60, last: 56 },
    kilobytes: { limit: 2_290, last: 2_255 },
    cpuRatio: { limit: 12, last: 8.1 },
    peakMiB: { limit: 115, last: 84 },
  },
};

/** Memory that V8 holds for the sources of all chunks, nearly all of which the services load. */
const heldKilobytes = { limit: 15_700, last: 15_100 };

const runs = 7;
const root = resolve(import.meta.dirname, '..');
const bundle = join(root, 'cli/dist/bundle');
/** As in the launcher, for a command that reads images, and for another. */
const scanFlags = ['--max-semi-space-size=4', '--initial-old-space-size=64', '--heap-growing-percent=50'];
const flagsOf = ([, command]) => (command === 'scan' ? scanFlags : scanFlags.slice(0, 1));

/** Parts of the platform, of which help loads some definitions: an offline command that loads one of them costs half a second more. */
const ofServices = /^(services\/|libs\/(bus|queue|runtime|servers|store|testkit)\/)/;

/** Reports the cost of a process when it ends. */
const hook = `process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cost = { cpuMs: (userCPUTime + systemCPUTime) / 1e3, peakMiB: maxRSS / 1024, loaded: globalThis.loaded };
  require('node:fs').writeFileSync(process.env.REPORT, JSON.stringify(cost));
});
if (process.env.LIST_MODULES) {
  globalThis.loaded = [];
  const load = (url, context, next) => (url.startsWith('file:') && loaded.push(url), next(url, context));
  require('node:module').registerHooks({ load });
}`;

const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-startup-'));
try {
  process.exitCode = await check();
} finally {
  rmSync(folder, { recursive: true });
}

async function check() {
  const commands = await prepare();
  const faults = [];
  const held = heldBySources();
  console.log(`all chunks: held kilobytes ${held} (limit ${heldKilobytes.limit}, last ${heldKilobytes.last})`);
  if (held > heldKilobytes.limit) faults.push(`all chunks: ${held} KB are held, more than ${heldKilobytes.limit}`);
  for (const [name, args] of Object.entries(commands)) {
    const before = name.startsWith('known') ? () => undefined : forgetReports;
    const cost = measure(args, before);
    before();
    const found = { ...cost, ...loadedBy(args) };
    for (const [metric, { limit, last }] of Object.entries(limits[name])) {
      const value = Number(found[metric].toFixed(1));
      console.log(`${name}: ${metric} ${value} (limit ${limit}, last ${last})`);
      if (value > limit) faults.push(`${name}: ${metric} is ${value}, more than ${limit}`);
    }
    const strange = name === '--help' ? [] : found.sources.filter((source) => ofServices.test(source));
    if (strange.length > 0)
      faults.push(`${name} loads ${strange[0]} and ${strange.length - 1} more modules of the platform`);
    faults.push(...found.outside.map((path) => `${name} loads ${path}, which is not in the bundle`));
  }
  for (const fault of faults) console.error(fault);
  if (faults.length > 0)
    console.error('import on demand what only some runs need: docs/decisions/0023-bundled-program.md');
  return faults.length > 0 ? 1 : 0;
}

/** One character beyond Latin 1 makes V8 hold its source in two bytes a character. */
function heldBySources() {
  const builtAt = statSync(join(bundle, 'main.js')).mtimeMs;
  const bytes = readdirSync(bundle)
    .map((name) => join(bundle, name))
    // Chunks of earlier builds lie beside those of the last one.
    .filter((path) => path.endsWith('.js') && Math.abs(builtAt - statSync(path).mtimeMs) < 10_000)
    .map((path) => readFileSync(path, 'utf8'))
    .reduce((sum, text) => sum + text.length * (/[^\x00-\xff]/.test(text) ? 2 : 1), 0);
  return Math.round(bytes / 1_024);
}

/** Command lines by name; the scans are of an image that is in the cache. */
async function prepare() {
  const status = 'Package: zlib1g\nSource: zlib\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n';
  const os = 'ID=debian\nVERSION_ID="13"\n';
  const files = [
    { path: 'etc/os-release', content: os },
    { path: 'var/lib/dpkg/status', content: status },
  ];
  await buildImage(join(folder, 'image'), { layers: [files] });
  const affected = [
    {
      package: { ecosystem: 'Debian:13', name: 'zlib' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2' }] }],
    },
  ];
  const record = { id: 'DEBIAN-CVE-2026-1', modified: '2026-01-01T00:00:00Z', affected };
  writeFileSync(join(folder, 'record.json'), JSON.stringify(record));
  const program = join(bundle, 'main.js');
  const advisories = join(folder, 'advisories.db');
  run([program, 'advisories', 'import', '--advisories', advisories, join(folder, 'record.json')]);
  const scan = [program, 'scan', `oci:${join(folder, 'image')}`, '--quiet', '--cache-dir', join(folder, 'cache')];
  return {
    '--version': [program, '--version'],
    '--help': [program, '--help'],
    'known scan': scan,
    scan,
    'scan with advisories': [...scan, '--advisories', advisories],
    explain: [program, 'explain', record.id, ...scan.slice(2, 3), ...scan.slice(4), '--advisories', advisories],
  };
}

/** Forgets reports, so that an image is evaluated again; its layers stay known. */
function forgetReports() {
  rmSync(join(folder, 'cache/reports'), { recursive: true, force: true });
}

function measure(args, before) {
  // The first run fills the caches. In turns with an empty program: a machine's speed changes.
  const turns = Array.from({ length: runs + 1 }, () => (before(), [run(args), run(['-e', '0'])])).slice(1);
  const least = (key, of) => Math.min(...turns.map((turn) => turn[of][key]));
  return { cpuRatio: least('cpuMs', 0) / least('cpuMs', 1), peakMiB: least('peakMiB', 0) };
}

/** Runs Node. @returns the cost, and the loaded modules where these are asked for */
function run(args, more = {}) {
  writeFileSync(join(folder, 'hook.cjs'), hook);
  const { NODE_OPTIONS: _, ...environment } = process.env;
  const report = join(folder, 'report.json');
  const own = { REPORT: report, NODE_COMPILE_CACHE: join(folder, 'compiled'), XDG_CONFIG_HOME: folder };
  const all = [...flagsOf(args), '--require', join(folder, 'hook.cjs'), ...args];
  const { status, stderr } = spawnSync(process.execPath, all, { env: { ...environment, ...own, ...more } });
  if (status !== 0) throw new Error(`${args.join(' ')}: exit code ${status}\n${stderr}`);
  return JSON.parse(readFileSync(report, 'utf8'));
}

/** Files that a command loads, and the sources in them. */
function loadedBy(args) {
  const { loaded } = run(args, { LIST_MODULES: '1' });
  const paths = loaded.map((url) => fileURLToPath(url)).filter((path) => !path.startsWith(folder));
  const chunks = paths.filter((path) => path.startsWith(bundle));
  const sources = chunks.flatMap((chunk) => {
    if (!existsSync(`${chunk}.map`)) return [];
    return JSON.parse(readFileSync(`${chunk}.map`, 'utf8')).sources.map((source) =>
      relative(root, resolve(bundle, source)),
    );
  });
  return {
    files: paths.length,
    kilobytes: paths.reduce((total, path) => total + statSync(path).size, 0) / 1_000,
    sources,
    outside: paths.filter((path) => !path.startsWith(bundle)).map((path) => relative(root, path)),
  };
}
