/**
 * Cost of finding the images of a fleet by the content of a file: space for each image, time of a
 * write and of a query. See README.md.
 */
import { hash } from 'node:crypto';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { type Digest, Secret } from '@tidewaiter/domain';
import type { ImageFile } from '@tidewaiter/facts';
import { connect, FileContents, Store } from '@tidewaiter/store';
import { throwAwayServers } from '@tidewaiter/testkit';

import { addImageFiles } from './blast-fleet.ts';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '1000' },
    shared: { type: 'string', default: '8000' },
    own: { type: 'string', default: '2000' },
  },
});
const images = Number(values.images);
/** Number of files that all images on one base share, and of files of one image alone. */
const [shared, own] = [Number(values.shared), Number(values.own)];
const bases = 30;
const questions = 200;

await using closing = new AsyncDisposableStack();
const servers = await throwAwayServers({ postgres: true });
closing.defer(async () => servers.stop());
const database = await connect({
  url: new Secret(await servers.postgres.createDatabase()),
  poolSize: 4,
  name: 'bench',
});
closing.defer(async () => database.destroy());
const store = new Store(database, 'bench');
const contents = new FileContents(store);

await store.query(
  `INSERT INTO image (digest, media_type, config_digest, platform, labels) SELECT 'sha256:' || lpad(number::text, 64, '0'), 'm', 'c', 'linux/amd64', '{}'
   FROM generate_series(0, $1 - 1) AS number`,
  [images],
);
const keeping = createHistogram();
for (let image = 0; image < images; image += 1) {
  const layers = [
    { layer: digestOf(`base ${image % bases}`), files: filesOf(`base ${image % bases}`, shared) },
    { layer: digestOf(`layer ${image}`), files: filesOf(`image ${image}`, own) },
  ];
  await store.transaction(async (tx) => {
    for (const [index, { layer }] of layers.entries()) {
      await tx.query(
        `INSERT INTO layer (diff_id, analyzers_version, facts, entries, entry_count, uncompressed_bytes, path_keys)
         VALUES ($1, '1', '', '', 0, 0, '{}') ON CONFLICT DO NOTHING`,
        [layer],
      );
      await tx.query(
        'INSERT INTO layer_blob (blob_digest, size_bytes, diff_id) VALUES ($1, 1, $1) ON CONFLICT DO NOTHING',
        [layer],
      );
      await tx.query(
        `INSERT INTO image_layer (image_digest, index, diff_id, blob_digest, media_type, size_bytes) VALUES ($1, $2, $3, $3, 'm', 1)`,
        [imageOf(image), index, layer],
      );
    }
  });
  await timed(keeping, () => addImageFiles(store, contents, imageOf(image), layers));
}
const asking = createHistogram();
for (let question = 0; question < questions; question += 1) {
  const asked = hashOf(`image ${(question * 7) % images} file ${question % own}`);
  await timed(asking, () => contents.holding(asked));
}
const askingShared = createHistogram();
for (let question = 0; question < questions; question += 1) {
  const asked = hashOf(`base ${question % bases} file ${question % shared}`);
  await timed(askingShared, () => contents.holding(asked));
}
await store.query('VACUUM FULL layer');
const [room] = await store.query<{ index: number; contents: number; files: number }>(
  `SELECT pg_relation_size('layer_contents_ix')::float AS index, sum(pg_column_size(content_keys))::float AS contents,
     sum(pg_column_size(entries))::float AS files FROM layer`,
);
console.log(`${images} images of ${shared} shared and ${own} own files`);
console.table({
  'manifest kept, ms': percentiles(keeping),
  'who holds a file of one image, ms': percentiles(asking),
  'who holds a file of a base, ms': percentiles(askingShared),
});
const each = (bytes: number) => `${(bytes / images / 1024).toFixed(0)} KiB`;
console.log(`for each image: files ${each(room!.files)}, contents ${each(room!.contents)}, index ${each(room!.index)}`);

function filesOf(place: string, count: number): ImageFile[] {
  return Array.from({ length: count }, (_, file) => {
    const text = `${place} file ${file}`;
    return { path: `/${text.replaceAll(' ', '/')}`, sha256: hashOf(text), package: null };
  });
}

function imageOf(image: number): Digest {
  return `sha256:${image.toString().padStart(64, '0')}`;
}

function digestOf(name: string): Digest {
  return `sha256:${hashOf(name)}`;
}

function hashOf(text: string): string {
  return hash('sha256', text, 'hex');
}

async function timed(histogram: RecordableHistogram, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  histogram.record(Math.max(1, Math.round((performance.now() - start) * 1000)));
}

function percentiles(histogram: RecordableHistogram): Record<'p50' | 'p95' | 'max', number> {
  const [p50, p95, max] = [histogram.percentile(50), histogram.percentile(95), histogram.max].map((us) => us / 1000);
  return { p50: p50!, p95: p95!, max: max! };
}
