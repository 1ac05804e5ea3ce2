/**
 * Cost of an import of advisories: records a second, bytes a record, memory; into the local file
 * and into PostgreSQL. See README.md.
 */
import { fork } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';

import { readOsvRecord } from '@tidewaiter/advisories';
import { AdvisoryFileWriter } from '@tidewaiter/advisory-file';
import { type AdvisoryKeeper, advisorySources, importFiles, type ReadingListener } from '@tidewaiter/advisory-sync';
import { Secret } from '@tidewaiter/domain';
import { Advisories, AdvisoryFeeds, connect, Store } from '@tidewaiter/store';
import { throwAwayServers } from '@tidewaiter/testkit';

const shared = env['TIDEWAITER_SHARED'] ?? '../shared';
const bucket = join(shared, 'advisories', 'osv');
/** Size of all OSV data that a fleet needs, as measured: records, and packages that they name. */
const normalSet = { records: 700_000, packages: 2_800_000 };

/** Cost of one program. */
interface Cost {
  records: number;
  seconds: number;
  cpuSeconds: number;
  peakMegabytes: number;
}

/** Task of a measured program; each runs in a process of its own, to measure its memory. */
type Task = { kind: 'parse' } | { kind: 'file'; path: string } | { kind: 'database'; url: string };

const task = process.argv[2];
if (task === undefined) await compare();
else process.send?.(await costOf(JSON.parse(task) as Task));

async function compare(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
  const servers = await throwAwayServers({ postgres: true }, { fsync: true });
  const path = join(folder, 'advisories.db');
  const url = await servers.postgres.createDatabase();
  try {
    console.log(`${bucket}, load ${loadavg()[0]!.toFixed(1)}\n`);
    console.log(`${''.padEnd(34)}  records  records/s  records/CPU s  peak MB`);
    print('read and parse alone', await measure({ kind: 'parse' }));
    print('into an empty file', await measure({ kind: 'file', path }));
    print('into the file again, all known', await measure({ kind: 'file', path }));
    print('into an empty database', await measure({ kind: 'database', url }));
    print('into the database again, all known', await measure({ kind: 'database', url }));
    await printSizes(path, url);
  } finally {
    await servers.stop();
    await rm(folder, { recursive: true });
  }
}

function print(name: string, { records, seconds, cpuSeconds, peakMegabytes }: Cost): void {
  const rates = [records / seconds, records / cpuSeconds].map((rate) => Math.round(rate).toLocaleString('en-US'));
  const [rate = '', cpuRate = ''] = rates;
  const cells = [records.toLocaleString('en-US').padStart(9), rate.padStart(11), cpuRate.padStart(15)];
  console.log(`${name.padEnd(34)}${cells.join('')}${peakMegabytes.toFixed(0).padStart(9)}`);
}

async function printSizes(path: string, url: string): Promise<void> {
  using writer = AdvisoryFileWriter.open(path);
  writer.close();
  const dataSource = await connect({ url: new Secret(url), poolSize: 4, name: 'bench' });
  const [counts] = await dataSource.query(
    `SELECT (SELECT count(*) FROM advisory)::int AS advisories, (SELECT count(*) FROM advisory_package)::int AS packages,
       (pg_total_relation_size('advisory') + pg_total_relation_size('advisory_package'))::float8 AS bytes`,
  );
  await dataSource.destroy();
  const { advisories, packages, bytes } = counts as { advisories: number; packages: number; bytes: number };
  console.log(`\n${advisories} advisories that name ${packages} packages:`);
  for (const [name, size] of [
    ['file', (await stat(path)).size],
    ['database', bytes],
  ] as const) {
    // Packages take most of the space; sources differ in the number of packages an advisory names.
    const normal = (size / packages) * normalSet.packages;
    const each = `${Math.round(size / advisories)} bytes an advisory, ${Math.round(size / packages)} a package`;
    console.log(
      `  ${name.padEnd(9)} ${(size / 1e6).toFixed(0)} MB: ${each}; ${(normal / 1e9).toFixed(2)} GB for ${normalSet.records} advisories`,
    );
  }
}

function measure(what: Task): Promise<Cost> {
  const child = fork(import.meta.filename, [JSON.stringify(what)], { execArgv: ['--max-semi-space-size=4'] });
  return new Promise((resolve, reject) => {
    child.on('message', (cost) => resolve(cost as Cost));
    child.on('exit', (code) => reject(new Error(`the measured process ended with ${code}`)));
  });
}

async function costOf(what: Task): Promise<Cost> {
  const start = performance.now();
  const records = await run(what);
  const { user, system } = process.cpuUsage();
  return {
    records,
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakMegabytes: process.resourceUsage().maxRSS / 1000,
  };
}

async function run(what: Task): Promise<number> {
  if (what.kind === 'parse') return parse();
  if (what.kind === 'file') {
    using writer = AdvisoryFileWriter.open(what.path);
    return await importInto(writer);
  }
  const dataSource = await connect({ url: new Secret(what.url), poolSize: 4, name: 'bench' });
  const store = new Store(dataSource, 'bench');
  const records = await importInto(new AdvisoryFeeds(store, new Advisories(store)));
  await dataSource.destroy();
  return records;
}

async function parse(): Promise<number> {
  let records = 0;
  for (const source of await advisorySources(bucket)) {
    if (source.kind !== 'records') continue;
    for await (const item of source.records()) {
      if ('json' in item) readOsvRecord(item.json);
      records += 1;
    }
  }
  return records;
}

async function importInto(keeper: AdvisoryKeeper): Promise<number> {
  let records = 0;
  const listener: ReadingListener = {
    downloading: () => undefined,
    reading: () => undefined,
    rejected: () => undefined,
    keptDeleted: () => undefined,
    done: (result) => void (records += result.records),
    failed: (_, error) => {
      throw error;
    },
  };
  await importFiles(await advisorySources(bucket), { keeper, listener, acceptsRemovals: false });
  return records;
}
