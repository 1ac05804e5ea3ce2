/**
 * Cost of advisories as one artifact: build, a day of changes, a fresh machine and a fresh
 * platform, from a registry on this machine. See README.md.
 */
import { fork } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { crc32 } from 'node:zlib';

import {
  AdvisoryFile,
  AdvisoryFileWriter,
  deltaBetween,
  formatVersion,
  imageFacts,
  localFile,
  writeImage,
} from '@tidewaiter/advisory-file';
import {
  advisorySources,
  buildArtifact,
  copyArtifact,
  importFiles,
  layoutPlace,
  readArtifact,
  takeArtifact,
  type WritableAdvisoryPlace,
} from '@tidewaiter/advisory-sync';
import { Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { RegistryClient } from '@tidewaiter/registry';
import { connect, loadAdvisories, Store } from '@tidewaiter/store';
import { startRegistry, throwAwayServers } from '@tidewaiter/testkit';

const shared = env['TIDEWAITER_SHARED'] ?? '../shared';
const { values } = parseArgs({
  options: {
    copies: { type: 'string', default: '9' },
    scores: { type: 'string', default: '326000' },
    changed: { type: 'string', default: '300' },
    'no-database': { type: 'boolean', default: false },
  },
  args: process.argv.slice(2).filter((argument) => !argument.startsWith('{')),
});
const repository = 'security/advisories';

/** Work of a measured program; each runs in a process of its own, to measure its memory. */
type Task =
  | { kind: 'build'; source: string; folder: string; layout: string; before: string | null }
  | { kind: 'take'; url: string; path: string }
  | { kind: 'load'; url: string; path: string };

interface Cost {
  seconds: number;
  peakMegabytes: number;
  result: Record<string, number | string>;
}

const task = process.argv.slice(2).find((argument) => argument.startsWith('{'));
if (task === undefined) await compare();
else process.send?.(await costOf(JSON.parse(task) as Task));

async function compare(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
  const at = (name: string) => join(folder, name);
  const registry = await startRegistry();
  const servers = await throwAwayServers({ postgres: true }, { fsync: true });
  try {
    const start = performance.now();
    await writeSource(at('first.db'), Number(values.copies), Number(values.scores));
    copyFileSync(at('first.db'), at('second.db'));
    const changed = nextDay(at('second.db'), Number(values.changed));
    using file = AdvisoryFile.open(at('first.db'));
    const { advisories, ecosystems, epss } = file.holdings();
    const packages = ecosystems.reduce((sum, each) => sum + each.packages, 0);
    file.close();
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(
      `${advisories} advisories with ${packages} packages, ${epss} scores, in ${seconds} s, load ${loadavg()[0]!.toFixed(1)}\n`,
    );
    console.log(`${''.padEnd(44)} seconds  peak MB`);
    const layout = at('layout');
    print('build', await measure({ kind: 'build', source: at('first.db'), folder: at('one'), layout, before: null }));
    await push(layout, registry.url);
    print('fresh machine', await measure({ kind: 'take', url: registry.url, path: at('machine.db') }));
    if (!values['no-database']) {
      const url = await servers.postgres.createDatabase();
      print('fresh platform', await measure({ kind: 'load', url, path: at('machine.db') }));
      await dayOf(at, layout, registry.url, changed);
      print('the platform a day later', await measure({ kind: 'load', url, path: at('machine.db') }));
    } else await dayOf(at, layout, registry.url, changed);
    print('fresh machine, image and one day', await measure({ kind: 'take', url: registry.url, path: at('other.db') }));
    console.log(`\ndatabase file ${megabytes((await stat(at('machine.db'))).size)} MB`);
  } finally {
    await Promise.all([registry.stop(), servers.stop()]);
    await rm(folder, { recursive: true });
  }
}

async function dayOf(at: (name: string) => string, layout: string, url: string, changed: number): Promise<void> {
  const build: Task = { kind: 'build', source: at('second.db'), folder: at('two'), layout, before: at('one.db') };
  print(`build a day later, ${changed} records, all scores`, await measure(build));
  await push(layout, url);
  print('a machine a day later', await measure({ kind: 'take', url, path: at('machine.db') }));
}

function print(name: string, { seconds, peakMegabytes, result }: Cost): void {
  const more = Object.entries(result).map(([key, value]) => `${key} ${value}`);
  console.log(
    `${name.padEnd(44)} ${seconds.toFixed(1).padStart(7)}  ${peakMegabytes.toFixed(0).padStart(7)}  ${more.join(', ')}`,
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}

/** All shared records, and copies of them under other names, with made-up scores. */
async function writeSource(path: string, copies: number, scores: number): Promise<void> {
  using writer = AdvisoryFileWriter.open(path);
  const listener = {
    ...{ downloading: () => undefined, reading: () => undefined, rejected: () => undefined },
    ...{ keptDeleted: () => undefined, done: () => undefined },
    failed: (_: string, error: unknown) => {
      throw error;
    },
  };
  const folder = join(shared, 'advisories', 'osv');
  const sources = [
    ...(await advisorySources(folder)),
    ...(await advisorySources(join(shared, 'advisories', 'kev.json'))),
  ];
  await importFiles(sources, { keeper: writer, listener, acceptsRemovals: false });
  const at = new Date().toISOString();
  const feed = {
    name: 'EPSS',
    origin: 'bench',
    etag: null,
    lastModified: null,
    asOf: at,
    checkedAt: at,
    changedAt: at,
  };
  await writer.update(async () => {
    await writer.putEpss(scoresOf(scores));
    await writer.noteFeed({ ...feed, records: scores, rejected: 0 });
  });
  writer.close();
  const db = new DatabaseSync(path);
  const checksum = (...parts: (string | number | bigint | null | Uint8Array)[]) => crc32(parts.join('\n'));
  db.function('checksum', { varargs: true, deterministic: true }, checksum);
  const [top] = db.prepare('SELECT max(id) AS id FROM advisory').all();
  const last = Number(top!['id']);
  db.exec('BEGIN');
  for (let copy = 1; copy < copies; copy += 1) {
    const id = `'K${copy}-' || osv_id`;
    db.exec(
      `INSERT INTO advisory (id, osv_id, vulnerability, modified, record, checksum)
       SELECT id + ${copy * last}, ${id}, 'K${copy}-' || vulnerability, modified,
         json_set(record, '$.id', ${id}), checksum(${id}, json_set(record, '$.id', ${id})) FROM advisory WHERE id <= ${last}`,
    );
    db.exec(
      `INSERT INTO affected (release_id, name, advisory_id, entries, checksum)
       SELECT release_id, name || '-k${copy}', advisory_id + ${copy * last}, entries, checksum(ecosystem, release, name || '-k${copy}', entries)
       FROM affected JOIN release ON release.id = release_id WHERE advisory_id <= ${last}`,
    );
  }
  db.exec('COMMIT');
  db.close();
}

/** Scores as FIRST publishes them: most are small, five digits, with their rank. */
function scoresOf(count: number): { cve: string; score: number; percentile: number }[] {
  const scores = Array.from({ length: count }, (_, index) => {
    const [one, other] = [uniform(index * 2), uniform(index * 2 + 1)];
    const normal = Math.sqrt(-2 * Math.log(one)) * Math.cos(2 * Math.PI * other);
    return {
      cve: `CVE-${1999 + (index % 27)}-${10_000 + index}`,
      score: quantized(Math.min(0.97, Math.exp(-6.2 + 1.9 * normal))),
    };
  });
  return ranked(scores);
}

function ranked<Row extends { score: number }>(rows: readonly Row[]): (Row & { percentile: number })[] {
  const order = rows.toSorted((a, b) => a.score - b.score);
  return order.map((row, index) => ({ ...row, percentile: quantized((index + 1) / rows.length) }));
}

function quantized(value: number): number {
  return Math.max(1, Math.round(value * 100_000)) / 100_000;
}

/** Pseudo-random number above 0 and below 1, the same in each run. */
function uniform(seed: number): number {
  let value = (seed + 0x9e3779b9) >>> 0;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b) >>> 0;
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35) >>> 0;
  return (((value ^ (value >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}

/** Changes some records and every score; returns how many records. */
function nextDay(path: string, count: number): number {
  const db = new DatabaseSync(path);
  const later = new Date(Date.now() + 86_400_000).toISOString();
  const [all] = db.prepare('SELECT count(*) AS count FROM advisory').all();
  const step = Math.max(1, Math.floor(Number(all!['count']) / count));
  const rows = db.prepare('SELECT id, osv_id, record FROM advisory WHERE id % ? = 0 LIMIT ?').all(step, count);
  const update = db.prepare('UPDATE advisory SET record = ?, modified = ?, checksum = ? WHERE id = ?');
  db.exec('BEGIN');
  for (const { id, osv_id: osvId, record } of rows) {
    const changed = { ...(JSON.parse(String(record)) as { title: string }), modified: later };
    const text = JSON.stringify({ ...changed, title: `${changed.title} (updated)` });
    update.run(text, later, crc32(`${String(osvId)}\n${text}`), Number(id));
  }
  const scores = db.prepare('SELECT cve, score FROM epss ORDER BY cve').all();
  const moved = ranked(
    scores.map(({ cve, score }, index) => {
      const factor = 1 + (uniform(index + 7_000_000) - 0.5) * 0.1;
      const next = quantized(Number(score) * factor);
      return { cve: String(cve), score: next === Number(score) ? quantized(next + 0.00001) : next };
    }),
  );
  const updateScore = db.prepare('UPDATE epss SET score = ?, percentile = ? WHERE cve = ?');
  for (const { cve, score, percentile } of moved) updateScore.run(score, percentile, cve);
  for (const { name, state } of db.prepare('SELECT name, state FROM feed').all()) {
    const feed = { ...(JSON.parse(String(state)) as object), asOf: later, checkedAt: later, changedAt: later };
    const text = JSON.stringify(feed);
    db.prepare('UPDATE feed SET state = ?, checksum = ? WHERE name = ?').run(
      text,
      crc32(`${String(name)}\n${text}`),
      name!,
    );
  }
  db.exec('COMMIT');
  db.close();
  return rows.length;
}

async function measure(what: Task): Promise<Cost> {
  const child = fork(import.meta.filename, [JSON.stringify(what)], { execArgv: ['--max-semi-space-size=4'] });
  return new Promise((resolve, reject) => {
    child.on('message', (cost) => resolve(cost as Cost));
    child.on('exit', (code) => reject(new Error(`the measured process ended with ${code}`)));
  });
}

async function costOf(what: Task): Promise<Cost> {
  const start = performance.now();
  const result = await run(what);
  return {
    seconds: (performance.now() - start) / 1000,
    peakMegabytes: process.resourceUsage().maxRSS / 1000,
    result,
  };
}

async function run(what: Task): Promise<Cost['result']> {
  if (what.kind === 'build') return build(what);
  if (what.kind === 'take') return take(what.url, what.path);
  const dataSource = await connect({ url: new Secret(what.url), poolSize: 4, name: 'bench' });
  using file = AdvisoryFile.open(what.path);
  const { changed, facts } = await loadAdvisories(new Store(dataSource, 'bench'), file, {
    acceptsRemovals: false,
  });
  await dataSource.destroy();
  return { records: changed, scores: facts };
}

async function build({ source, folder, layout, before }: Extract<Task, { kind: 'build' }>): Promise<Cost['result']> {
  const path = `${folder}.db`;
  writeImage(source, path);
  const place = layoutPlace(layout);
  const database = { path, format: formatVersion, ...imageFacts(path) };
  const artifact = before === null ? null : await readArtifact(place, await place.manifest('latest'));
  const delta = before === null ? null : deltaBetween(before, path);
  const digest = await buildArtifact(database, artifact && { place, artifact, delta }, place, 'latest');
  const { chunks, deltas, manifestBytes, configBlob } = await readArtifact(place, await place.manifest(digest));
  const sum = (blobs: readonly { size: number }[]) => megabytes(blobs.reduce((total, { size }) => total + size, 0));
  return {
    'image MB': sum(chunks),
    'changes MB': sum(deltas),
    'manifest MB': megabytes(manifestBytes.length + configBlob.size),
  };
}

async function push(layout: string, url: string): Promise<void> {
  await withRegistry(url, async (target) =>
    copyArtifact(layoutPlace(layout), 'latest', target, 'latest', () => undefined),
  );
}

async function take(url: string, path: string): Promise<Cost['result']> {
  const { state, bytes } = await withRegistry(url, async (place) =>
    takeArtifact({
      ...{ place, reference: 'latest', file: localFile(path), trust: null, onBytes: () => undefined },
      ...{ acceptsOlder: false, acceptsReplacing: false },
    }),
  );
  return { state, MB: megabytes(bytes) };
}

async function withRegistry<T>(url: string, work: (place: WritableAdvisoryPlace) => Promise<T>): Promise<T> {
  const egress = new Egress({ allow: [] });
  const client = new RegistryClient({ name: 'bench', url, allowPrivate: true }, egress);
  try {
    return await work({
      name: url,
      manifest: (reference) => client.manifest(repository, reference),
      blob: (descriptor) => client.blob(repository, descriptor),
      referrers: (digest) => client.referrers(repository, digest),
      putBlob: (descriptor, read) => client.putBlob(repository, descriptor, read),
      putManifest: (manifest, tag) => client.putManifest(repository, tag ?? manifest.digest, manifest),
    });
  } finally {
    await egress.close();
  }
}
