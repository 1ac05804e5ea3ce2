/**
 * Statements, transactions and CPU of PostgreSQL for one push, of known and of new content, and of
 * a whole `up` that has nothing to do. See README.md.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';

import { Secret } from '@tidewaiter/domain';
import { freePort } from '@tidewaiter/servers';
import { connect } from '@tidewaiter/store';
import { startRegistry } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { type DatabaseWork, serverCpuSeconds, StatementLog, writesSoFar } from './database-counts.ts';
import { type Pushed, pushImage, retag, uniqueLayer, writeAdvisories } from './images.ts';
import { secret, Stopwatch } from './stopwatch.ts';
import { cpuSecondsOf, environmentOf, launcher, makeHome, startUp, type Up } from './up.ts';

/** Time for the work that follows from a push: deliveries, counts, confirmations. */
const settleMs = 3_000;

const { values } = parseArgs({
  options: {
    pushes: { type: 'string', default: '60' },
    'idle-seconds': { type: 'string', default: '60' },
    /** Prints the statements themselves, with their number for each push. */
    statements: { type: 'boolean', default: false },
  },
});
const burstRepositories = 20;
const count = Number(values.pushes);
const idleSeconds = Number(values['idle-seconds']);

interface Bench {
  up: Up;
  database: DataSource;
  log: StatementLog;
  stopwatch: Stopwatch;
}

async function main(): Promise<void> {
  await using closing = new AsyncDisposableStack();
  const registry = await startRegistry();
  closing.defer(async () => registry.stop());
  const home = await makeHome();
  closing.defer(async () => rm(home, { recursive: true, force: true }));
  await writeFile(
    join(home, 'tidewaiter.yaml'),
    `registries: [{ name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${secret}, allowPrivate: true }]\n`,
  );
  const ingestPort = await freePort();
  const up = await startUp(home, ingestPort);
  closing.defer(up.stop);
  await writeAdvisories(join(home, 'osv'));
  await promisify(execFile)(launcher, ['advisories', 'import', join(home, 'osv')], { env: environmentOf(home) });
  const database = await connect({ url: new Secret(up.run.urls!.database), poolSize: 2, name: 'bench' });
  closing.defer(async () => database.destroy());
  // Every look costs PostgreSQL CPU, too.
  const stopwatch = new Stopwatch(ingestPort, async (sql, parameters) => database.query(sql, parameters), 100);
  const log = new StatementLog(database, join(home, '.tidewaiter', 'postgres.log'));
  const bench: Bench = { up, database, log, stopwatch };

  console.log(`load average before: ${loadavg()[0]?.toFixed(1)}`);
  const images = async (repository: string, number: number, layerOf: () => Buffer): Promise<Pushed[]> => {
    const pushed: Pushed[] = [];
    for (let index = 0; index < number; index += 1)
      pushed.push(await pushImage(registry.url, repository, `v${index}`, layerOf()));
    return pushed;
  };
  const isNew = () => uniqueLayer(randomUUID());
  const knownLayer = isNew();
  await stopwatch.timeAll(await images('warm/up', 3, isNew), 1);
  await stopwatch.timeAll(await images('warm/known', 20, () => knownLayer), 1);

  const variants = await images('known/app', count, () => knownLayer);
  // Versions of one repository would wait for each other.
  const burst: Pushed[] = [];
  for (let index = 0; index < burstRepositories; index += 1)
    burst.push(...(await images(`known/burst-${index}`, Math.ceil(count / burstRepositories), () => knownLayer)));
  const again: Pushed[] = [];
  for (const [index, each] of variants.entries()) again.push(await retag(registry.url, each, `again-${index}`));
  const fresh = await images('cold/app', Math.ceil(count / 10), isNew);

  await idle(bench);
  await cpuOf(bench, 'known layers, one at a time', variants.slice(0, count / 2), 1);
  const halves = Object.values(Object.groupBy(burst.entries(), ([index]) => index % 2)).map((half) =>
    half!.map(([, pushed]) => pushed),
  );
  await cpuOf(bench, 'known layers, 8 at once', halves[0]!, 8);
  await countsOf(bench, 'known layers, one at a time', variants.slice(count / 2), 1);
  await countsOf(bench, 'known layers, 8 at once', halves[1]!, 8);
  await countsOf(bench, 'known image, new tag, one at a time', again.slice(count / 2), 1);
  await countsOf(bench, 'new layer, one at a time', fresh, 1);
}

/** CPU seconds and writing transactions so far, or of some work. */
interface Spent {
  server: number;
  own: number;
  nats: number;
  redis: number;
  writes: number;
  seconds: number;
}

async function spentSoFar({ up, database }: Bench): Promise<Spent> {
  const pidOf = (name: string) => up.run.processes.find((each) => each.name === name)!.pid;
  return {
    server: serverCpuSeconds(pidOf('postgres')),
    own: up.cpuSeconds(),
    nats: cpuSecondsOf(pidOf('nats')),
    redis: cpuSecondsOf(pidOf('redis')),
    writes: await writesSoFar(database),
    seconds: performance.now() / 1_000,
  };
}

/** Spent since `before`, without what an idle system spends in the time. */
function net(now: Spent, before: Spent, usual?: Spent): Spent {
  const seconds = now.seconds - before.seconds;
  const of = (key: keyof Spent) => now[key] - before[key] - (usual ? (usual[key] / usual.seconds) * seconds : 0);
  return {
    ...{ server: of('server'), own: of('own'), nats: of('nats'), redis: of('redis') },
    ...{ writes: of('writes'), seconds },
  };
}

/** Prints CPU of PostgreSQL and of Tidewaiter's own processes for each push. */
async function cpuOf(bench: Bench, name: string, pushes: readonly Pushed[], atOnce: number): Promise<void> {
  const before = await spentSoFar(bench);
  await bench.stopwatch.timeAll(pushes, atOnce);
  const { server, own, nats, redis, writes, seconds } = net(await spentSoFar(bench), before, idleSpent);
  const perPush = (all: number) => (all / pushes.length).toFixed(1);
  console.log(
    `${name}: ${perPush(1_000 * server)} ms of PostgreSQL's CPU, ${perPush(1_000 * own)} ms of our own, ` +
      `${perPush(1_000 * nats)} of NATS, ${perPush(1_000 * redis)} of Redis, ` +
      `${perPush(writes)} transactions that wrote, ${(pushes.length / seconds).toFixed(1)} pushes a second`,
  );
}

/** Prints statements and transactions for each push, without those of an idle system. */
async function countsOf(bench: Bench, name: string, pushes: readonly Pushed[], atOnce: number): Promise<void> {
  await bench.log.start();
  const began = performance.now();
  await bench.stopwatch.timeAll(pushes, atOnce);
  await sleep(settleMs);
  const seconds = (performance.now() - began) / 1_000;
  print(name, await bench.log.stop(), pushes.length, idleWork, seconds);
}

let idleWork = new Map<string, DatabaseWork>();
let idleSpent: Spent | undefined;

async function idle(bench: Bench): Promise<void> {
  await sleep(settleMs);
  const before = await spentSoFar(bench);
  await sleep(idleSeconds * 1_000);
  idleSpent = net(await spentSoFar(bench), before);
  await bench.log.start();
  await sleep(idleSeconds * 1_000);
  idleWork = await bench.log.stop();
  print('idle, a second', idleWork, idleSeconds);
  const { server, writes, seconds } = idleSpent;
  console.log(
    `  ${((1_000 * server) / seconds).toFixed(1)} ms of PostgreSQL's CPU a second, ` +
      `${(writes / seconds).toFixed(1)} transactions that wrote`,
  );
}

function print(
  name: string,
  works: ReadonlyMap<string, DatabaseWork>,
  turns: number,
  usual: ReadonlyMap<string, DatabaseWork> = new Map(),
  seconds = 0,
): void {
  const share = (program: string, key: 'statements' | 'transactions') =>
    (works.get(program)![key] - ((usual.get(program)?.[key] ?? 0) * seconds) / idleSeconds) / turns;
  const programs = [...works.keys()].toSorted();
  const sum = (key: 'statements' | 'transactions') =>
    programs.reduce((all, program) => all + share(program, key), 0).toFixed(1);
  console.log(`${name}: ${sum('statements')} statements, ${sum('transactions')} transactions`);
  for (const program of programs) {
    const [statements, transactions] = (['statements', 'transactions'] as const).map((key) => share(program, key));
    console.log(
      `  ${program.padEnd(28)} ${statements!.toFixed(1).padStart(8)} ${transactions!.toFixed(1).padStart(8)}`,
    );
    if (!values.statements) continue;
    const texts = [...works.get(program)!.texts].toSorted(([, one], [, other]) => other - one);
    for (const [text, times] of texts.slice(0, 90))
      console.log(`    ${(times / turns).toFixed(2).padStart(7)}  ${text.slice(0, 150)}`);
  }
}

await main();
