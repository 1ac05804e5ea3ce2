import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

import { decodeFacts } from '@tidewaiter/analyzers';
import { NotFound } from '@tidewaiter/domain';
import { decodeEntries, mediaTypes } from '@tidewaiter/oci';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { LayerProcesses, processLimits } from './layer-processes.js';

const mediaType = mediaTypes.ociLayer;
const status: TarEntry = {
  path: 'var/lib/dpkg/status',
  content: 'Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n',
};

let processes: LayerProcesses;
let folder: string;

beforeEach(() => {
  processes = new LayerProcesses(2);
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-sandbox-'));
});

afterEach(async () => {
  await processes.close();
  rmSync(folder, { recursive: true });
});

/** A program that takes the place of the one that reads layers. */
function program(code: string): URL {
  const path = join(folder, 'program.mjs');
  writeFileSync(path, code);
  return pathToFileURL(path);
}

function blob(bytes: Buffer, chunkBytes = 1_000): () => AsyncGenerator<Uint8Array> {
  return async function* () {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  };
}

describe('LayerProcesses', () => {
  it('reads a layer as in its own process, for any chunks', async () => {
    const tar = tarArchive([status, { path: 'big', content: Buffer.alloc(300_000, 'x') }]);
    for (const chunkBytes of [700, 1 << 20]) {
      const layer = await processes.analyze(blob(gzipSync(tar), chunkBytes), { mediaType: mediaTypes.ociLayerGzip });
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
    const { facts } = await processes.analyze(open, { mediaType });
    expect([readings, decodeFacts(facts).files.map(({ path }) => path)]).toEqual([2, [status.path]]);
  });

  it('preserves error class and code across processes', async () => {
    await expect(processes.analyze(blob(Buffer.alloc(700, 1)), { mediaType })).rejects.toMatchObject({
      name: 'InvalidInput',
      code: 'CORRUPT_LAYER',
    });
    const many = tarArchive([status, { path: 'b' }]);
    await expect(processes.analyze(blob(many), { mediaType, limits: { maxEntries: 1 } })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit: 'maxEntries',
    });
    const gone = new NotFound('BLOB_UNKNOWN', 'gone');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(10);
      throw gone;
    }
    await expect(processes.analyze(broken, { mediaType })).rejects.toBe(gone);
  });

  it('stops a layer at its time limit, and no other', async () => {
    // The start of a process counts, too, which takes seconds on a busy machine.
    const impatient = new LayerProcesses(1, { ...processLimits, maxStallSeconds: 10 });
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
    const small = new LayerProcesses(1, { ...processLimits, maxHeapMegabytes: 24 });
    const dependencies = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, index) => [`node_modules/p${index}`, { version: `1.0.${index}` }]),
    );
    const many = {
      path: 'app/package-lock.json',
      content: JSON.stringify({ lockfileVersion: 3, packages: dependencies }),
    };
    await expect(small.analyze(blob(tarArchive([many]), 1 << 20), { mediaType })).rejects.toMatchObject({
      limit: 'maxHeapMegabytes',
    });
    expect(await processes.analyze(blob(tarArchive([status])), { mediaType })).toMatchObject({ entryCount: 1 });
  });

  it('stops a bomb of array buffers at its memory limit', async () => {
    // Outside of the heap, and faster than the memory is looked at.
    const bomb = program('const all = []; for (;;) all.push(new Uint8Array(2 ** 26).fill(1));');
    const small = new LayerProcesses(1, { ...processLimits, maxMemoryMegabytes: 200 }, bomb);
    await expect(small.analyze(blob(tarArchive([status])), { mediaType })).rejects.toMatchObject({
      limit: 'maxMemoryMegabytes',
    });
  });

  it.each([
    ['aborts', 'process.abort()'],
    ['is killed', 'process.kill(process.pid, "SIGSEGV")'],
    ['exits', 'process.exit(0)'],
    ['throws', 'throw new Error("broken")'],
    ['answers what is no frame', 'process.stdout.write("#".repeat(64))'],
  ])('fails the layer whose process %s, and no other', async (_, code) => {
    const fragile = new LayerProcesses(2, processLimits, program(code));
    const layer = blob(tarArchive([status]));
    const failure = { name: 'Unavailable', code: 'LAYER_READER_FAILED', retryable: true };
    const [failed, ...others] = await Promise.allSettled([
      fragile.analyze(layer, { mediaType }),
      processes.analyze(layer, { mediaType }),
      processes.analyze(layer, { mediaType }),
    ]);
    expect(failed).toMatchObject({ reason: failure });
    expect(others.map(({ status: end }) => end)).toEqual(['fulfilled', 'fulfilled']);
    await expect(fragile.analyze(layer, { mediaType })).rejects.toMatchObject(failure);
  });

  it('stops a process that never ends and ignores signals', async () => {
    const endless = program(`for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => 0); for (;;);`);
    const stuck = new LayerProcesses(1, { ...processLimits, maxStallSeconds: 1 }, endless);
    await expect(stuck.analyze(blob(tarArchive([status])), { mediaType })).rejects.toMatchObject({
      limit: 'maxStallSeconds',
    });
  });

  it('reads on after failures, which end their process', async () => {
    for (let time = 0; time < 3; time += 1) {
      await expect(processes.analyze(blob(Buffer.alloc(700, 1)), { mediaType })).rejects.toThrow();
      expect(await processes.analyze(blob(tarArchive([status])), { mediaType })).toMatchObject({ entryCount: 1 });
    }
  });

  it('stops when its caller stops', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(10);
      controller.abort(reason);
      await new Promise(() => undefined);
    }
    await expect(processes.analyze(endless, { mediaType }, controller.signal)).rejects.toBe(reason);
  });

  it('does not start for a caller that has already stopped', async () => {
    const reason = new Error('gone');
    await expect(processes.analyze(blob(tarArchive([status])), { mediaType }, AbortSignal.abort(reason))).rejects.toBe(
      reason,
    );
    expect(await processes.analyze(blob(tarArchive([status])), { mediaType })).toMatchObject({ entryCount: 1 });
  });
});
