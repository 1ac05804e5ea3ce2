import { rm, writeFile } from 'node:fs/promises';
/**
 * Space that one more image on known bases takes in PostgreSQL, by table, on a whole `up`. See
 * README.md.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Secret } from '@tidewaiter/domain';
import { freePort } from '@tidewaiter/servers';
import { openUnlimited } from '@tidewaiter/store';
import { startRegistry, tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { type Pushed, pushImage } from './images.ts';
import { secret, Stopwatch } from './stopwatch.ts';
import { makeHome, startUp } from './up.ts';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '60' },
    /** Files of the base, of which each of its 100 packages owns a part. */
    base: { type: 'string', default: '8000' },
    /** Files of the layer of each image. */
    own: { type: 'string', default: '2000' },
    /** Percentage of these files that differ from those of every other image. */
    changed: { type: 'string', default: '100' },
  },
});
const [images, base, own, changed] = [values.images, values.base, values.own, values.changed].map(Number) as [
  number,
  number,
  number,
  number,
];
const bases = 3;
const repositories = 10;
const packages = 100;

interface Size {
  table: string;
  bytes: number;
}

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
const up = await startUp(home, ingestPort, 2);
closing.defer(up.stop);
const database = await openUnlimited({ url: new Secret(up.run.urls!.database), poolSize: 4, name: 'bench' });
closing.defer(async () => database.destroy());
const stopwatch = new Stopwatch(ingestPort, async (sql, parameters) => database.query(sql, parameters));

await push(0, repositories);
const before = await sizes();
await push(repositories, images);
const after = await sizes();

const known = new Map(before.map(({ table, bytes }) => [table, bytes]));
const grown = after.map(({ table, bytes }) => ({ table, KiB: (bytes - (known.get(table) ?? 0)) / images / 1024 }));
grown.sort((a, b) => b.KiB - a.KiB);
/** Tables whose rows expire within days; the files of images that run stay. */
const passing = new Set(['image_manifest', 'outbox', 'inbox', 'received', 'job', 'job_source']);
const sum = (rows: typeof grown) => rows.reduce((total, { KiB }) => total + KiB, 0).toFixed(1);
console.log(`${images} images of ${base} files of a known base and ${own} own, ${changed} % of them like no other`);
console.table(grown.filter(({ KiB }) => KiB >= 0.1).map(({ table, KiB }) => ({ table, KiB: KiB.toFixed(1) })));
console.log(
  `${sum(grown.filter(({ table }) => !passing.has(table)))} KiB an image, and for some days ${sum(grown.filter(({ table }) => passing.has(table)))} KiB`,
);

async function push(first: number, count: number): Promise<void> {
  const pushed: Pushed[] = [];
  for (let image = first; image < first + count; image += 1) {
    // The images of a repository are on one base.
    const layers = [baseLayer((image % repositories) % bases), applicationLayer(image)];
    pushed.push(await pushImage(registry.url, `team/app-${image % repositories}`, `v${image}`, ...layers));
  }
  await stopwatch.timeAll(pushed, 4);
  // The indexes of layers follow.
  for (;;) {
    const [{ left }] = await database.query(`SELECT count(*)::int AS left FROM layer WHERE path_keys IS NULL`);
    if (left === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function sizes(): Promise<Size[]> {
  await database.query('VACUUM FULL');
  return database.query(
    `SELECT relname AS table, pg_total_relation_size(oid)::float8 AS bytes FROM pg_class
     WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`,
  );
}

function baseLayer(number: number): Buffer {
  const each = Math.ceil(base / packages);
  const names = Array.from({ length: packages }, (_, index) => `lib-${number}-${index}`);
  const status = names.map(
    (name) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.${number}-1\n`,
  );
  const files = names.flatMap((name): TarEntry[] => {
    const paths = Array.from({ length: each }, (_, file) => `usr/share/${name}/file-${file}.txt`);
    return [
      { path: `var/lib/dpkg/info/${name}.list`, content: `${paths.map((path) => `/${path}`).join('\n')}\n` },
      ...paths.map((path) => ({ path, content: `${path} of ${number}` })),
    ];
  });
  return tarArchive([
    { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\n' },
    { path: 'var/lib/dpkg/status', content: status.join('\n') },
    ...files,
  ]);
}

/** Packages of npm with twenty files each; a tenth of the files belongs to none. */
function applicationLayer(image: number): Buffer {
  const files = Array.from({ length: own }, (_, file): TarEntry => {
    const isOwn = file % 100 < changed;
    const content = isOwn ? `// ${image} ${file}\n` : `// ${file}\n`;
    if (file % 10 === 9) return { path: `app/src/module-${file}.js`, content };
    const folder = `app/node_modules/d${Math.floor(file / 20)}`;
    return file % 20 === 0
      ? { path: `${folder}/package.json`, content: `{"name":"d${Math.floor(file / 20)}","version":"1.${file % 7}.0"}` }
      : { path: `${folder}/lib/file-${file}.js`, content };
  });
  return tarArchive(files);
}
