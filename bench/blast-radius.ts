/**
 * Duration of a search across a large fleet, by kind of question: images, containers, and text
 * search. See README.md.
 */
import { hash } from 'node:crypto';
import { loadavg } from 'node:os';
import { createHistogram } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { Secret } from '@tidewaiter/domain';
import { type BlastQuestion, blastRadiiOf, connect, FileContents, FleetSearch, Store } from '@tidewaiter/store';
import { throwAwayServers } from '@tidewaiter/testkit';

import { bases, digestOf, fileHash, fillFleet, repositories, secrets, vulnerabilities } from './blast-fleet.ts';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '5000' },
    containers: { type: 'string', default: '20000' },
    files: { type: 'string', default: '4000' },
    questions: { type: 'string', default: '20' },
  },
});
const [images, containers, files, questions] = [values.images, values.containers, values.files, values.questions].map(
  Number,
) as [number, number, number, number];
const targetMs = 200;
const page = { limit: 50, after: undefined };
const day = 86_400_000;

/** Questions of each kind, different for each `turn`. */
const kinds: Record<string, (turn: number) => BlastQuestion> = {
  'openssl in a range, half of the fleet': (turn) => ({ package: `openssl<3.0.${25 + (turn % 10)}` }),
  'npm package by purl, in a range': (turn) => ({ purl: `pkg:npm/app-${turn * 37}`, version: '<1.6.0' }),
  'CVE of a base package': (turn) => ({ vulnerability: `CVE-2025-${2 * turn}` }),
  'CVE of an npm package': (turn) => ({ vulnerability: `CVE-2025-${(2 * turn * 13 + 1) % vulnerabilities}` }),
  'path in all images': (turn) => ({ path: `/usr/lib/base/${turn * 31}` }),
  'path in one layer': (turn) => ({ path: `/app/${digestOf('layer', `${turn * 101} 3`)}/7` }),
  'file of a base': (turn) => ({ sha256: fileHash(`base ${turn % bases}`, files - 1 - turn) }),
  'file of one image': (turn) => ({ sha256: fileHash(`image ${(turn * 113) % images}`, 3) }),
  'layer of a base': (turn) => ({ layer: digestOf('layer', `base ${turn % bases} 0`) }),
  'base by name, half of the fleet': (turn) => ({ base: turn % 2 === 0 ? 'debian' : `debian:${11 + (turn % 3)}` }),
  'base by digest': (turn) => ({ base: digestOf('image', turn) }),
  secret: (turn) => ({ secret: hash('sha256', `secret ${turn % secrets}`, 'hex') }),
  'image or index by digest': (turn) => ({ image: digestOf(turn % 2 === 0 ? 'index' : 'image', (turn * 5) % images) }),
  'signer of half of the fleet': () => ({ signer: 'release' }),
  'signer of one team': (turn) => ({ signer: `team-${(2 * turn + 1) % 50}` }),
  'openssl in a range, a week': (turn) => ({
    ...{ package: `openssl<3.0.${25 + (turn % 10)}` },
    ...{ since: new Date(Date.now() - (turn + 8) * day), until: new Date(Date.now() - (turn + 1) * day) },
  }),
  'openssl in a range, running': (turn) => ({ package: `openssl<3.0.${25 + (turn % 10)}`, running: true }),
  'CVE and signer': (turn) => ({ vulnerability: `CVE-2025-${2 * turn}`, signer: 'release' }),
};
const texts: Record<string, (turn: number) => string> = {
  'search: CVE': (turn) => `CVE-2025-${turn}`,
  'search: digest': (turn) => digestOf('layer', `base ${turn % bases} 0`),
  'search: package': (turn) => `app-${turn * 37}`,
  'search: repository': (turn) => `team/app-${turn % repositories}`,
  'search: part of a name': (turn) => `app-${turn % 10}`,
  'search: tag': (turn) => `team/app-${turn % repositories}:1.${turn}`,
  'search: short digest': (turn) => digestOf('image', `${turn}`).slice('sha256:'.length).slice(0, 12),
  'search: workload': (turn) => `app-${turn}`,
};

await using closing = new AsyncDisposableStack();
const servers = await throwAwayServers({ postgres: true });
closing.defer(async () => servers.stop());
const url = new Secret(await servers.postgres.createDatabase());
const database = await connect({ url, poolSize: 4, name: 'bench' });
closing.defer(async () => database.destroy());
const store = new Store(database, 'bench');
const [radii, search] = [blastRadiiOf(store), new FleetSearch(store, new FileContents(store))];

const start = performance.now();
await fillFleet(store, { images, containers, files });
const [size] = await store.query<{ packages: number; gigabytes: number }>(
  'SELECT (SELECT count(*)::int FROM image_package) AS packages, (pg_database_size(current_database()) / 1e9)::float AS gigabytes',
);
const seconds = ((performance.now() - start) / 1000).toFixed(0);
console.log(
  `${images} images, ${size!.packages} packages in them, ${containers} containers, ${size!.gigabytes.toFixed(1)} GB, filled in ${seconds} s; ` +
    `load average: ${loadavg()[0]!.toFixed(1)}`,
);
console.log('p50, p95, max in ms; results of one question');
for (const [kind, ask] of Object.entries(kinds)) {
  await measure(`${kind}: images`, async (turn) => (await radii.of(ask(turn), page)).counts.images);
  await measure(
    `${kind}: containers`,
    async (turn) => (await radii.containers(ask(turn), page)).counts.containers ?? 0,
  );
}
for (const [kind, ask] of Object.entries(texts)) {
  await measure(kind, async (turn) => (await search.of(ask(turn))).length);
}

/** Prints the duration of one kind of question; the first one warms up. */
async function measure(kind: string, ask: (turn: number) => Promise<number>): Promise<void> {
  const took = createHistogram();
  let found = 0;
  await ask(0);
  for (let turn = 0; turn < questions; turn += 1) {
    const began = performance.now();
    found += await ask(turn);
    took.record(Math.max(1, Math.round(performance.now() - began)));
  }
  const times = [took.percentile(50), took.percentile(95), took.max].map((time) => String(time).padStart(6)).join('');
  const isSlow = took.percentile(95) > targetMs;
  if (isSlow) process.exitCode = 1;
  console.log(
    `${kind.padEnd(52)}${times}${String(Math.round(found / questions)).padStart(8)}${isSlow ? '  above the target' : ''}`,
  );
}
