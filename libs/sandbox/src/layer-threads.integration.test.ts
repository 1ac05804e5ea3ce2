import { gzipSync } from 'node:zlib';

import { decodeFacts } from '@tidewaiter/analyzers';
import { NotFound } from '@tidewaiter/domain';
import { decodeEntries, mediaTypes } from '@tidewaiter/oci';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { LayerThreads, threadLimits } from './layer-threads.js';

const mediaType = mediaTypes.ociLayer;
const status: TarEntry = {
  path: 'var/lib/dpkg/status',
  content: 'Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n',
};

let threads: LayerThreads;

beforeEach(() => {
  threads = new LayerThreads(2);
});

afterEach(() => threads.close());

function blob(bytes: Buffer, chunkBytes = 1_000): () => AsyncGenerator<Uint8Array> {
  return async function* () {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  };
}

describe('LayerThreads', () => {
  it('reads a layer as in the main thread, for any chunks', async () => {
    const tar = tarArchive([status, { path: 'big', content: Buffer.alloc(300_000, 'x') }]);
    for (const chunkBytes of [700, 1 << 20]) {
      const layer = await threads.analyze(blob(gzipSync(tar), chunkBytes), { mediaType: mediaTypes.ociLayerGzip });
      expect(layer).toMatchObject({ uncompressedBytes: tar.length, entryCount: 2 });
      expect(Array.from(decodeEntries(layer.entries), ({ path }) => path)).toEqual([status.path, 'big']);
      expect(decodeFacts(layer.facts).files[0]).toMatchObject({ packages: [{ name: 'a' }] });
    }
  });

  it('opens the blob again for a database behind a link', async () => {
    let readings = 0;
    const tar = tarArchive([
      { ...status, path: 'data' },
      { ...status, type: 'symlink', linkTarget: '/data', content: '' },
    ]);
    const open = () => {
      readings += 1;
      return blob(tar, 100)();
    };
    const { facts } = await threads.analyze(open, { mediaType });
    expect([readings, decodeFacts(facts).files.map(({ path }) => path)]).toEqual([2, [status.path]]);
  });

  it('preserves error class and code across the worker thread', async () => {
    await expect(threads.analyze(blob(Buffer.alloc(700, 1)), { mediaType })).rejects.toMatchObject({
      name: 'InvalidInput',
      code: 'CORRUPT_LAYER',
    });
    const many = tarArchive([status, { path: 'b' }]);
    await expect(threads.analyze(blob(many), { mediaType, limits: { maxEntries: 1 } })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit: 'maxEntries',
    });
    const gone = new NotFound('BLOB_UNKNOWN', 'gone');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(10);
      throw gone;
    }
    await expect(threads.analyze(broken, { mediaType })).rejects.toBe(gone);
  });

  it('stops a layer at its time limit, and no other', async () => {
    const impatient = new LayerThreads(1, { ...threadLimits, maxStallSeconds: 1.5 });
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(10);
      await new Promise(() => undefined);
    }
    const slow = impatient.analyze(endless, { mediaType });
    const waiting = impatient.analyze(blob(tarArchive([status])), { mediaType });
    await expect(slow).rejects.toMatchObject({ limit: 'maxStallSeconds' });
    expect(await waiting).toMatchObject({ entryCount: 1 });
    await impatient.close();
  });

  it('stops a layer at its memory limit, and the process survives', async () => {
    const small = new LayerThreads(1, { ...threadLimits, maxHeapMegabytes: 24 });
    const stanza = (_: unknown, index: number) =>
      `Package: p${index}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n`;
    const many = { ...status, content: Array.from({ length: 100_000 }, stanza).join('\n') };
    await expect(small.analyze(blob(tarArchive([many]), 1 << 20), { mediaType })).rejects.toMatchObject({
      limit: 'maxHeapMegabytes',
    });
    expect(await threads.analyze(blob(tarArchive([status])), { mediaType })).toMatchObject({ entryCount: 1 });
  });

  it('stops when its caller stops', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(10);
      controller.abort(reason);
      await new Promise(() => undefined);
    }
    await expect(threads.analyze(endless, { mediaType }, controller.signal)).rejects.toBe(reason);
  });

  it('does not start for a caller that has already stopped', async () => {
    const reason = new Error('gone');
    await expect(threads.analyze(blob(tarArchive([status])), { mediaType }, AbortSignal.abort(reason))).rejects.toBe(
      reason,
    );
    expect(await threads.analyze(blob(tarArchive([status])), { mediaType })).toMatchObject({ entryCount: 1 });
  });
});
