/**
 * Memory of an image with a million files, in the command and in the threads of a worker. See
 * README.md.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { env, execPath } from 'node:process';
import { createGzip } from 'node:zlib';

import { tarArchive } from '@tidewaiter/testkit';

import { measure, nodeFlags, row } from './measure.ts';

const files = Number(env['FILES'] ?? 1_000_000);
const layerCount = Number(env['LAYERS'] ?? 4);
const fileBytes = Math.round((Number(env['GIGABYTES'] ?? 1) * 1e9) / files);
const program = resolve(import.meta.dirname, '../cli/dist/bundle/main.js');
const workerProgram = resolve(import.meta.dirname, 'million-worker.ts');
const type = 'application/vnd.oci.image';
const filler = Buffer.alloc(fileBytes, 'the tide comes in and the tide goes out\n');
const endOfTar = Buffer.alloc(1024);

interface Blob {
  digest: string;
  size: number;
}

await compare();

async function compare(): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
  try {
    const layout = env['LAYOUT'] ?? join(scratch, 'image');
    if (!existsSync(layout)) await writeLayout(layout);
    console.log(`${files} files of ${fileBytes} bytes in ${layerCount} layers: wall s / CPU s / peak MB`);
    const kinds = 'vulnerability,secret,integrity,malware,supply-chain,misconfiguration';
    const cache = ['--cache-dir', join(scratch, 'cache'), '--timeout', '1h'];
    const command = [
      execPath,
      ...nodeFlags,
      program,
      'scan',
      `oci:${layout}`,
      '--kinds',
      kinds,
      '-o',
      'json=/dev/null',
      ...cache,
    ];
    console.log(row('command, cold', [await measure(command)]));
    console.log(row('command, layers known', [await measure(command)]));
    console.log(row('threads of a worker', [await measure([execPath, ...nodeFlags, workerProgram, layout])]));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Writes an image as an OCI layout, with at most one file in memory. */
async function writeLayout(folder: string): Promise<void> {
  const blobs = join(folder, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const layers: (Blob & { diffId: string })[] = [];
  for (let layer = 0; layer < layerCount; layer += 1) layers.push(await writeLayer(blobs, layer));
  const diffIds = layers.map(({ diffId }) => diffId);
  const config = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } };
  const manifest = {
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: { mediaType: `${type}.config.v1+json`, ...(await writeJson(blobs, config)) },
    layers: layers.map(({ digest, size }) => ({ mediaType: `${type}.layer.v1.tar+gzip`, digest, size })),
  };
  const top = { mediaType: manifest.mediaType, ...(await writeJson(blobs, manifest)) };
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [top] }));
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

async function writeJson(blobs: string, value: unknown): Promise<Blob> {
  const text = JSON.stringify(value);
  const hex = createHash('sha256').update(text).digest('hex');
  await writeFile(join(blobs, hex), text);
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
}

async function writeLayer(blobs: string, layer: number): Promise<Blob & { diffId: string }> {
  const partial = join(blobs, 'partial');
  const gzip = createGzip({ level: 1, chunkSize: 256 * 1024 });
  const file = createWriteStream(partial);
  const [unpacked, packed] = [createHash('sha256'), createHash('sha256')];
  let size = 0;
  gzip.on('data', (chunk: Buffer) => {
    packed.update(chunk);
    size += chunk.length;
  });
  gzip.pipe(file);
  for (const piece of tarOf(layer)) {
    unpacked.update(piece);
    if (!gzip.write(piece)) await once(gzip, 'drain');
  }
  gzip.end();
  await once(file, 'close');
  const hex = packed.digest('hex');
  await rename(partial, join(blobs, hex));
  return { digest: `sha256:${hex}`, size, diffId: `sha256:${unpacked.digest('hex')}` };
}

/**
 * Some hundred files a directory, with paths as long as those of an npm package; no two have the
 * same content.
 */
function* tarOf(layer: number): Generator<Buffer> {
  const end = Math.floor((files * (layer + 1)) / layerCount);
  for (let index = Math.floor((files * layer) / layerCount); index < end; index += 1) {
    const path = `usr/lib/node_modules/package-${Math.floor(index / 100)}/lib/module-${index}.js`;
    filler.write(path);
    yield tarArchive([{ path, content: filler }]).subarray(0, -endOfTar.length);
  }
  yield endOfTar;
}
