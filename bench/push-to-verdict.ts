/**
 * How long it takes from a registry's webhook to the verdict, on a whole `up` with a real registry: for images whose layers are
 * all new, for new images of known layers, and for known images under another tag. See README.md.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';

import { Secret } from '@tidewaiter/domain';
import { freePort } from '@tidewaiter/servers';
import { connect } from '@tidewaiter/store';
import { startRegistry, tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { measureCeilings } from './ceilings.ts';

const root = resolve(import.meta.dirname, '..');
const shared = resolve(root, process.env['TIDEWAITER_SHARED'] ?? '../shared');
const alpine = join(shared, 'corpus/data/alpine/alpine-minirootfs-3.20.3-x86_64.tar.gz');
const secret = 'bench';

const { values } = parseArgs({
  options: { cold: { type: 'string', default: '30' }, known: { type: 'string', default: '200' } },
});

interface Pushed {
  repository: string;
  tag: string;
  digest: string;
}

const registry = await startRegistry();
const home = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
await writeFile(
  join(home, 'tidewaiter.yaml'),
  `registries: [{ name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${secret}, allowPrivate: true }]\n`,
);
const ingestPort = await freePort();
const up = spawn(join(root, 'tidewaiter'), ['up', '--port-ingest', String(ingestPort), '--port-console', '0'], {
  env: { ...process.env, TIDEWAITER_HOME: home, TIDEWAITER_LOG_LEVEL: 'warn' },
  stdio: 'ignore',
});
try {
  const { database: databaseUrl, nats: natsUrl } = await urlsOf(up);
  const database = await connect({ url: new Secret(databaseUrl), poolSize: 4, name: 'bench' });
  console.log(
    `load average before: ${loadavg()[0]?.toFixed(1)}; layer: ${existsSync(alpine) ? 'Alpine 3.20' : 'generated, 8 MB'}`,
  );

  /** Sends the webhook of a push and waits for its end; answers the milliseconds in between. */
  const timed = async ({ repository, tag, digest }: Pushed): Promise<number> => {
    const began = performance.now();
    await announce(ingestPort, { repository, tag, digest });
    for (;;) {
      const [push] = await database.query<{ state: string }[]>(
        'SELECT state FROM push WHERE repository = $1 AND tag = $2 AND finished_at IS NOT NULL',
        [repository, tag],
      );
      if (push?.state === 'analyzed') return performance.now() - began;
      if (push) throw new Error(`the push ended as ${push.state}`);
      await sleep(4);
    }
  };
  const row = (name: string, all: number[], targetMs: number | null) => {
    const sorted = all.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
    const target = targetMs === null ? '' : `${at(0.95) < targetMs ? 'met' : 'MISSED'} (${targetMs} ms)`;
    const cells = [at(0.5), at(0.95), sorted.at(-1)!].map((ms) => `${ms.toFixed(0)} ms`.padStart(9));
    console.log(`${name.padEnd(44)}${String(all.length).padStart(5)}${cells.join('')}  ${target}`);
  };

  const layers = (count: number) =>
    Array.from({ length: count }, (_, index) => uniqueLayer(`${index}-${randomUUID()}`));
  await timed(await pushImage('warm/up', 'first', uniqueLayer('first')));
  await timed(await pushImage('warm/up', 'second', uniqueLayer('second')));
  console.log(
    `${''.padEnd(44)}${'n'.padStart(5)}${'p50'.padStart(9)}${'p95'.padStart(9)}${'max'.padStart(9)}  p95 target`,
  );

  const cold = await Promise.all(
    layers(Number(values.cold)).map(async (layer, index) => pushImage('cold/one', `v${index}`, layer)),
  );
  row('new image, new layer, one at a time', await oneByOne(cold, timed), 1_500);

  const known = uniqueLayer('known');
  await timed(await pushImage('known/base', 'base', known));
  const variants: Pushed[] = [];
  for (let index = 0; index < Number(values.known); index += 1)
    variants.push(await pushImage('known/app', `v${index}`, known));
  row('new image, known layers, one at a time', await oneByOne(variants, timed), 300);

  const again: Pushed[] = [];
  for (const [index, { digest }] of variants.entries()) again.push(await retag('known/app', digest, `again-${index}`));
  row('known image, new tag, one at a time', await oneByOne(again, timed), 300);

  const burst: Pushed[] = [];
  for (let index = 0; index < Number(values.known); index += 1)
    burst.push(await pushImage('known/burst', `v${index}`, known));
  const began = performance.now();
  row('new image, known layers, 8 at once', await inLoops(burst, 8, timed), null);
  console.log(`  that is ${(burst.length / ((performance.now() - began) / 1_000)).toFixed(0)} pushes a second`);
  await stages(database.query.bind(database));
  await database.destroy();
  await measureCeilings(databaseUrl, natsUrl);
} finally {
  up.kill('SIGTERM');
  await new Promise((ended) => up.once('exit', ended));
  await registry.stop();
  await rm(home, { recursive: true, force: true });
}

/** Where the time of the known images went, from the rows that each step leaves. */
async function stages(query: (sql: string) => Promise<unknown>): Promise<void> {
  const [median] = (await query(`
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM job.created_at - push.received_at)) AS "toJob",
           percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM push.finished_at - job.created_at)) AS "toVerdict"
    FROM push JOIN job ON job.queue = 'push' AND job.key = push.id::text WHERE repository = 'known/app' AND tag LIKE 'v%'`)) as [
    { toJob: number; toVerdict: number },
  ];
  console.log(
    `  known layers, median: webhook to job ${median.toJob.toFixed(0)} ms, job to verdict ${median.toVerdict.toFixed(0)} ms`,
  );
}

async function oneByOne(pushes: readonly Pushed[], timed: (push: Pushed) => Promise<number>): Promise<number[]> {
  const all: number[] = [];
  for (const push of pushes) all.push(await timed(push));
  return all;
}

async function inLoops(
  pushes: readonly Pushed[],
  loops: number,
  timed: (push: Pushed) => Promise<number>,
): Promise<number[]> {
  const rest = pushes.values();
  const all: number[] = [];
  const loop = async () => {
    for (const push of rest) all.push(await timed(push));
  };
  await Promise.all(Array.from({ length: loops }, loop));
  return all;
}

async function urlsOf(child: ChildProcess): Promise<{ database: string; nats: string }> {
  for (;;) {
    if (child.exitCode !== null) throw new Error('up ended');
    await sleep(100);
    if (!existsSync(join(home, '.tidewaiter/run.json'))) continue;
    const run = JSON.parse(readFileSync(join(home, '.tidewaiter/run.json'), 'utf8')) as {
      ready: boolean;
      urls: { database: string; nats: string };
    };
    if (run.ready) return run.urls;
  }
}

async function announce(port: number, { repository, tag, digest }: Pushed): Promise<void> {
  const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository, tag };
  const event = { id: randomUUID(), timestamp: new Date().toISOString(), action: 'push', target };
  const answer = await fetch(`http://127.0.0.1:${port}/hooks/registry/main`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
    body: JSON.stringify({ events: [event] }),
  });
  if (answer.status !== 202) throw new Error(`ingest answered ${answer.status}`);
}

/** A layer of Alpine's files, or of as many generated ones, that no other layer equals. */
function uniqueLayer(name: string): Buffer {
  const own = tarArchive([{ path: `bench/${name}`, content: name }]);
  if (existsSync(alpine)) return Buffer.concat([withoutEnd(own), gunzipSync(readFileSync(alpine))]);
  const status = 'Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n';
  const entries: TarEntry[] = Array.from({ length: 500 }, (_, index) => ({
    path: `usr/lib/f${index}`,
    content: Buffer.alloc(16_384, index),
  }));
  return tarArchive([
    { path: `bench/${name}`, content: name },
    { path: 'var/lib/dpkg/status', content: status },
    ...entries,
  ]);
}

/** An archive ends with two blocks of zeros, which would hide what follows. */
function withoutEnd(tar: Buffer): Buffer {
  let end = tar.length;
  while (end >= 512 && tar.subarray(end - 512, end).every((byte) => byte === 0)) end -= 512;
  return tar.subarray(0, end);
}

async function pushImage(repository: string, tag: string, layer: Buffer): Promise<Pushed> {
  const diffId = digestOf(layer);
  const blob = gzipSync(layer, { level: 1 });
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: { tag } },
      rootfs: { type: 'layers', diff_ids: [diffId] },
    }),
  );
  for (const content of [blob, config]) await putBlob(repository, content);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digestOf(blob), size: blob.length }],
    }),
  );
  await putManifest(repository, tag, manifest);
  return { repository, tag, digest: digestOf(manifest) };
}

async function retag(repository: string, digest: string, tag: string): Promise<Pushed> {
  const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' };
  const manifest = await fetch(`${registry.url}/v2/${repository}/manifests/${digest}`, { headers });
  await putManifest(repository, tag, Buffer.from(await manifest.arrayBuffer()));
  return { repository, tag, digest };
}

async function putManifest(repository: string, tag: string, body: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
  const answer = await fetch(`${registry.url}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    headers,
    body: new Uint8Array(body),
  });
  if (answer.status !== 201) throw new Error(`the registry answered ${answer.status}`);
}

async function putBlob(repository: string, content: Buffer): Promise<void> {
  const digest = digestOf(content);
  if ((await fetch(`${registry.url}/v2/${repository}/blobs/${digest}`, { method: 'HEAD' })).ok) return;
  const upload = await fetch(`${registry.url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(upload.headers.get('location')!, registry.url);
  location.searchParams.set('digest', digest);
  const answer = await fetch(location, {
    method: 'PUT',
    body: new Uint8Array(content),
    headers: { 'content-type': 'application/octet-stream' },
  });
  if (answer.status !== 201) throw new Error(`the registry answered ${answer.status}`);
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
