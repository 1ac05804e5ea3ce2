/**
 * Cost of matching an image of 400 packages against all advisories: the function alone, and
 * `tidewaiter scan` as a whole. See README.md.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { env, execPath } from 'node:process';
import { DatabaseSync } from 'node:sqlite';

import { evaluateInventory } from '@tidewaiter/advisories';
import { AdvisoryFile, AdvisoryFileWriter } from '@tidewaiter/advisory-file';
import { advisorySources, importFiles } from '@tidewaiter/advisory-sync';
import type { ImagePackage } from '@tidewaiter/domain';

const shared = resolve(env['TIDEWAITER_SHARED'] ?? '../shared');
const runs = Number(env['RUNS'] ?? 9);
const packageCount = 400;
const os = { id: 'ubuntu', versionId: '18.04', name: 'Ubuntu 18.04', idLike: [] };
// Same flags as the launcher's, without the shell's own time.
const program = ['--max-semi-space-size=4', resolve(import.meta.dirname, '../cli/dist/bundle/main.js')];

/** Names of packages with advisories: all except the kernel, or those with the most advisories. */
const images = {
  typical: `SELECT name FROM affected JOIN release ON release.id = release_id WHERE ecosystem = 'Ubuntu' AND release = '18.04:LTS'
    AND name NOT LIKE 'linux%' GROUP BY name ORDER BY name`,
  worst: `SELECT name FROM affected JOIN release ON release.id = release_id WHERE ecosystem = 'Ubuntu' AND release = '18.04:LTS'
    AND name NOT LIKE 'linux%' GROUP BY name ORDER BY count(*) DESC LIMIT ${packageCount}`,
};

const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
const path = join(folder, 'advisories.db');
try {
  await fill();
  console.log(`${packageCount} packages, medians of ${runs} runs, load ${loadavg()[0]!.toFixed(1)}; milliseconds\n`);
  console.log(`${''.padEnd(10)}findings  open, match and join  scan as a process: wall    CPU`);
  for (const [name, sql] of Object.entries(images)) await compare(name, packagesOf(sql));
} finally {
  await rm(folder, { recursive: true });
}

async function fill(): Promise<void> {
  using keeper = AdvisoryFileWriter.open(path);
  const ignore = () => undefined;
  const listener = {
    downloading: ignore,
    reading: ignore,
    rejected: ignore,
    keptDeleted: ignore,
    done: ignore,
    failed: fail,
  };
  const sources = await advisorySources(join(shared, 'advisories', 'osv'));
  const exploitation = await advisorySources(join(shared, 'advisories', 'kev.json'));
  await importFiles([...sources, ...exploitation], { keeper, listener, acceptsRemovals: false });
}

function fail(_: string, error: unknown): never {
  throw error;
}

function packagesOf(sql: string): ImagePackage[] {
  const db = new DatabaseSync(path, { readOnly: true });
  const names = db
    .prepare(sql)
    .all()
    .map(({ name }) => String(name));
  db.close();
  const step = Math.max(1, Math.floor(names.length / packageCount));
  const chosen = names.filter((_, index) => index % step === 0).slice(0, packageCount);
  return chosen.map((name) => ({
    type: 'deb',
    name,
    version: '1.0-1',
    source: { name, version: '1.0-1' },
    licenses: [],
    purl: `pkg:deb/ubuntu/${encodeURIComponent(name)}@1.0-1?arch=amd64&distro=ubuntu-18.04`,
    foundIn: 'var/lib/dpkg/status',
    layer: 0,
    state: 'present',
  }));
}

async function compare(name: string, packages: readonly ImagePackage[]): Promise<void> {
  const sbom = join(folder, `${name}.json`);
  await writeFile(sbom, JSON.stringify(sbomOf(packages)));
  const evaluated: number[] = [];
  const scans: { wall: number; cpu: number }[] = [];
  let findings = 0;
  for (let run = 0; run <= runs; run += 1) {
    const start = performance.now();
    findings = evaluate(packages);
    evaluated.push(performance.now() - start);
    scans.push(await scan(sbom));
  }
  const [function_, wall, cpu] = [evaluated, scans.map((each) => each.wall), scans.map((each) => each.cpu)].map(
    (values) => median(values.slice(1)).toFixed(0),
  );
  console.log(
    `${name.padEnd(10)}${String(findings).padStart(8)}${function_!.padStart(22)}${wall!.padStart(25)}${cpu!.padStart(7)}`,
  );
}

/** Opens the file again in every run, as a process does. */
function evaluate(packages: readonly ImagePackage[]): number {
  using file = AdvisoryFile.open(path);
  const findings = evaluateInventory(packages, os, (key) => file.candidates(key));
  for (const { id } of findings) file.exploitation([id]);
  return findings.length;
}

function sbomOf(packages: readonly ImagePackage[]) {
  const components = packages.map(({ name, version, purl }) => ({ type: 'library', name, version, purl }));
  const system = { type: 'operating-system', name: os.id, version: os.versionId };
  return { bomFormat: 'CycloneDX', specVersion: '1.6', components: [system, ...components] };
}

/** Runs a scan and measures its time with bash's `time`. */
async function scan(sbom: string): Promise<{ wall: number; cpu: number }> {
  const output = ['-o', 'json=/dev/null', '--quiet'];
  const command = [
    execPath,
    ...program,
    'scan',
    `sbom:${sbom}`,
    '--kinds',
    'vulnerability',
    '--advisories',
    path,
    ...output,
  ];
  const compileCache = join(folder, 'compile-cache');
  const child = spawn('bash', ['-c', 'TIMEFORMAT="cost %R %U %S"; time "$@"', 'bash', ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...env, NODE_COMPILE_CACHE: compileCache },
  });
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  const [, wall, user, system] = /cost (\S+) (\S+) (\S+)/.exec(text) ?? [];
  if (wall === undefined || child.exitCode !== 0) throw new Error(text);
  return { wall: Number(wall) * 1000, cpu: (Number(user) + Number(system)) * 1000 };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
