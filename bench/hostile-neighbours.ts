/**
 * Latency from a push to its verdict in a quiet registry, alone and while eight hostile registries
 * push 21 images: layers that drip, gzip bombs, 60,000 package.json, endless redirects and
 * failures. See README.md.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Secret } from '@tidewaiter/domain';
import { freePort } from '@tidewaiter/servers';
import { connect } from '@tidewaiter/store';
import { type HostileRegistry, type LayerAnswer, startHostileRegistry, tarArchive } from '@tidewaiter/testkit';

import { type Query, secret } from './stopwatch.ts';
import { makeHome, startUp } from './up.ts';

const hostileRegistries = 8;
const hostileImages = 21;
const zeros = 2 ** 29;
const manyPackages = 60_000;
const spacingMs = 1_500;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { pushes: { type: 'string', default: '40' } } });
  await using closing = new AsyncDisposableStack();
  const names = ['main', ...Array.from({ length: hostileRegistries }, (_, index) => `evil-${index}`)];
  const registries = new Map<string, HostileRegistry>();
  for (const name of names) registries.set(name, await startHostileRegistry());
  closing.defer(async () => {
    await Promise.all([...registries.values()].map((registry) => registry.stop()));
  });
  const home = await makeHome();
  closing.defer(async () => rm(home, { recursive: true, force: true }));
  const listed = [...registries].map(
    ([name, { url }]) =>
      `  - { name: ${name}, kind: distribution, url: "${url}", webhookSecret: ${secret}, allowPrivate: true }\n`,
  );
  await writeFile(join(home, 'tidewaiter.yaml'), `registries:\n${listed.join('')}`);
  const port = await freePort();
  const up = await startUp(home, port);
  closing.defer(up.stop);
  const database = await connect({ url: new Secret(up.run.urls!.database), poolSize: 4, name: 'bench' });
  closing.defer(async () => database.destroy());
  const query: Query = async (sql, parameters) => database.query(sql, parameters);

  const push = async (name: string) => timeOf(port, query, registries.get('main')!, name);
  for (let warm = 0; warm < 3; warm += 1) await push(`warm/${warm}`);
  console.log(`load average: ${loadavg()[0]?.toFixed(1)}`);
  const quiet: number[] = [];
  for (let each = 0; each < Number(values.pushes); each += 1) quiet.push(await push(`quiet/${each}`));
  await attack(port, registries);
  const hostile: number[] = [];
  for (let each = 0; each < Number(values.pushes); each += 1) {
    hostile.push(await push(`beside/${each}`));
    // Over a minute, so that the hostile jobs are cut, tried again and analyzed meanwhile.
    await sleep(spacingMs);
  }
  print(quiet, hostile);
  const left = await query<{ state: string; pushes: number }>(
    `SELECT state, count(*)::int AS pushes FROM push WHERE connection <> 'main' GROUP BY state ORDER BY state`,
  );
  console.log(`hostile pushes by then: ${left.map(({ state, pushes }) => `${pushes} ${state}`).join(', ')}`);
}

/** Announces the hostile images, spread over the registries. */
async function attack(port: number, registries: ReadonlyMap<string, HostileRegistry>): Promise<void> {
  const bomb = tarArchive([{ path: 'zeros', content: Buffer.alloc(zeros) }]);
  const packages = tarArchive(
    Array.from({ length: manyPackages }, (_, index) => ({
      path: `node_modules/p${index}/package.json`,
      content: JSON.stringify({ name: `p${index}`, version: '1.0.0', license: 'MIT' }),
    })),
  );
  const answers: LayerAnswer[] = ['drip', 'redirecting', 'failing'];
  for (let index = 0; index < hostileImages; index += 1) {
    const connection = `evil-${index % hostileRegistries}`;
    const registry = registries.get(connection)!;
    const repository = `image-${index}`;
    if (index % 7 === 5) registry.put(repository, '1', [bomb]);
    else if (index % 7 === 6) registry.put(repository, '1', [packages]);
    else registry.put(repository, '1', [newLayer(500_000)], answers[index % 7 < 3 ? 0 : (index % 7) - 2]);
    await announce(port, connection, repository);
  }
}

async function timeOf(port: number, query: Query, registry: HostileRegistry, repository: string): Promise<number> {
  registry.put(repository, '1', [newLayer(200_000)]);
  const sentAt = performance.now();
  await announce(port, 'main', repository);
  for (;;) {
    const [found] = await query<{ state: string }>(
      'SELECT state FROM push WHERE repository = $1 AND finished_at IS NOT NULL',
      [repository],
    );
    if (found && found.state !== 'analyzed') throw new Error(`the push of ${repository} ended as ${found.state}`);
    if (found) return performance.now() - sentAt;
    await sleep(5);
  }
}

async function announce(port: number, connection: string, repository: string): Promise<void> {
  const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', repository, tag: '1' };
  const event = { id: randomUUID(), timestamp: new Date().toISOString(), action: 'push', target };
  const answer = await fetch(`http://127.0.0.1:${port}/hooks/registry/${connection}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
    body: JSON.stringify({ events: [event] }),
  });
  if (answer.status !== 202) throw new Error(`ingest answered ${answer.status}`);
}

/** Layer that equals no other and does not compress. */
function newLayer(bytes: number): Buffer {
  return tarArchive([
    { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\n' },
    { path: `data/${randomUUID()}`, content: randomBytes(bytes) },
  ]);
}

function print(quiet: readonly number[], hostile: readonly number[]): void {
  const row = (name: string, times: readonly number[]) =>
    `${name.padEnd(24)}${[0.5, 0.95, 1].map((share) => `${percentile(times, share).toFixed(0)} ms`.padStart(10)).join('')}`;
  console.log(`${''.padEnd(24)}${['p50', 'p95', 'max'].map((head) => head.padStart(10)).join('')}`);
  console.log(row('quiet', quiet));
  console.log(row('beside hostile images', hostile));
  const factor = percentile(hostile, 0.95) / percentile(quiet, 0.95);
  console.log(`p95 grows by the factor ${factor.toFixed(2)}: ${factor <= 3 ? 'met' : 'MISSED'} (3)`);
}

/** Smallest of the values that `share` of them does not exceed. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

await main();
