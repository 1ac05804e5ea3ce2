/**
 * Latency from a registry's webhook to the verdict, on a whole `up` with a real registry: for
 * images of new layers only, for new images of known layers, and for known images under another
 * tag. See README.md.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';

import { Secret } from '@tidewaiter/domain';
import { freePort } from '@tidewaiter/servers';
import { connect } from '@tidewaiter/store';
import { startRegistry } from '@tidewaiter/testkit';

import { measureCeilings } from './ceilings.ts';
import { layerContent, type Pushed, pushImage, retag, uniqueLayer, writeAdvisories } from './images.ts';
import { type Query, secret, Stopwatch, type Times } from './stopwatch.ts';
import { environmentOf, launcher, makeHome, startUp } from './up.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { cold: { type: 'string', default: '30' }, known: { type: 'string', default: '200' } },
  });
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
  const urls = up.run.urls!;
  await writeAdvisories(join(home, 'osv'));
  await promisify(execFile)(launcher, ['advisories', 'import', join(home, 'osv')], { env: environmentOf(home) });

  const database = await connect({ url: new Secret(urls.database), poolSize: 4, name: 'bench' });
  closing.defer(async () => database.destroy());
  const query: Query = async (sql, parameters) => database.query(sql, parameters);
  console.log(`load average before: ${loadavg()[0]?.toFixed(1)}; layer: ${layerContent}`);
  const counts = { cold: Number(values.cold), known: Number(values.known) };
  await measure(registry.url, new Stopwatch(ingestPort, query), query, counts);
  await measureCeilings(urls.database, urls.nats);
}

async function measure(
  registryUrl: string,
  stopwatch: Stopwatch,
  query: Query,
  counts: { cold: number; known: number },
): Promise<void> {
  /** Pushes `count` images to some repositories in turn, before any of them is announced. */
  const images = async (
    repository: string,
    count: number,
    layerOf: (index: number) => Buffer,
    repositories = 1,
  ): Promise<Pushed[]> => {
    const pushed: Pushed[] = [];
    for (let index = 0; index < count; index += 1) {
      const name = `${repository}-${index % repositories}`;
      pushed.push(await pushImage(registryUrl, name, `v${index}`, layerOf(index)));
    }
    return pushed;
  };
  const isNew = () => uniqueLayer(randomUUID());
  const knownLayer = isNew();
  const known = () => knownLayer;

  await stopwatch.timeAll(await images('warm/up', 3, isNew), 1);
  await stopwatch.timeAll(await images('warm/known', 1, known), 1);
  printRow('', ['n', 'p50', 'p95', 'max'], ' p95 target');
  const one = await images('cold/one', counts.cold, isNew);
  row('new image, new layer, one at a time', await stopwatch.timeAll(one, 1), 1_500);
  const four = await images('cold/four', counts.cold, isNew);
  row('new image, new layer, 4 at once', await stopwatch.timeAll(four, 4), null);

  const variants = await images('known/app', counts.known, known);
  const timesOfKnown = await stopwatch.timeAll(variants, 1);
  row('new image, known layers, one at a time', timesOfKnown, 300);
  const again: Pushed[] = [];
  for (const [index, pushed] of variants.entries()) again.push(await retag(registryUrl, pushed, `again-${index}`));
  row('known image, new tag, one at a time', await stopwatch.timeAll(again, 1), 300);

  for (const repositories of [8, 1]) {
    const burst = await images(`known/burst-${repositories}`, counts.known, known, repositories);
    const began = performance.now();
    const of = repositories === 1 ? 'of one repository' : `of ${repositories} repositories`;
    row(`known layers, 8 at once, ${of}`, await stopwatch.timeAll(burst, 8), null);
    console.log(`  that is ${(burst.length / ((performance.now() - began) / 1_000)).toFixed(0)} pushes a second`);
  }
  await printSteps(timesOfKnown, query);
}

function row(name: string, times: ReadonlyMap<string, Times>, targetMs: number | null): void {
  const all = [...times.values()].map(({ sent, seen }) => seen - sent);
  const [p50, p95, max] = [0.5, 0.95, 1].map((share) => percentile(all, share)) as [number, number, number];
  const target = targetMs === null ? '' : `${p95 < targetMs ? 'met' : 'MISSED'} (${targetMs} ms)`;
  printRow(name, [String(all.length), ...[p50, p95, max].map((ms) => `${ms.toFixed(0)} ms`)], target);
}

function printRow(name: string, cells: readonly string[], end: string): void {
  console.log(`${name.padEnd(42)}${cells.map((cell) => cell.padStart(9)).join('')}  ${end}`);
}

/** Smallest of the values that `share` of them does not exceed. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/**
 * Prints the steps of the known layers. A row's time is the start of its transaction, the others
 * are the sender's.
 */
async function printSteps(times: ReadonlyMap<string, Times>, query: Query): Promise<void> {
  const rows = await query<{ tag: string; received: number; queued: number; resolved: number; evaluated: number }>(
    `SELECT push.tag, ${['push.received_at', 'job.created_at', 'ledger.recorded_at', 'push.finished_at']
      .map((column) => `1000 * extract(epoch FROM ${column})::float8`)
      .map((ms, index) => `${ms} AS ${['received', 'queued', 'resolved', 'evaluated'][index]}`)
      .join(', ')}
     FROM push JOIN job ON job.queue = 'push' AND job.key = push.id::text JOIN tag_ledger AS ledger ON ledger.push_id = push.id
     WHERE push.repository = 'known/app-0' AND push.tag = ANY($1)`,
    [[...times.keys()]],
  );
  console.log('  known layers, one at a time; median since the webhook was sent');
  const step = (what: string, at: (row: (typeof rows)[number], own: Times) => number) => {
    const all = rows.map((each) => at(each, times.get(each.tag)!) - times.get(each.tag)!.sent);
    console.log(`    ${what.padEnd(52)}${percentile(all, 0.5).toFixed(1).padStart(7)} ms`);
  };
  step('ingest begins to store it', ({ received }) => received);
  step('the webhook is answered', (_, { answered }) => answered);
  step('its event has come to the scanner, which queues it', ({ queued }) => queued);
  step('the registry has said what it is', ({ resolved }) => resolved);
  step('it is evaluated', ({ evaluated }) => evaluated);
  step('the sender sees the verdict', (_, { seen }) => seen);
}

await main();
