import { hash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildImage, captureOutput } from '@tidewaiter/testkit';

import { createProgram } from '../program.js';
import { tagsOf } from '../sources/all-tags.js';
import { VerifiedBlobs } from '../target/verified-blobs.js';
import { readTargetList } from './target-list.js';

const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-several-'));
const layout = join(folder, 'layout');
const list = (name: string, text: string | Buffer) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

beforeAll(async () => {
  for (const tag of ['1', '2']) {
    const layers = [[{ path: `app/package-${tag}.txt`, content: tag }]];
    await buildImage(layout, { layers, config: { User: tag === '1' ? 'root' : '1000' }, tag });
  }
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  process.exitCode = undefined;
});

/** Runs `scan` on targets, without advisories. */
async function scan(...args: string[]) {
  const output = captureOutput();
  try {
    const all = ['scan', ...args, '--cache-dir', join(folder, 'cache'), '--kinds', 'misconfiguration'];
    await (await createProgram(all)).parseAsync(all, { from: 'user' });
    return { stdout: output.stdout, stderr: output.stderr, code: process.exitCode };
  } finally {
    output.restore();
  }
}

const references = (ndjson: string) =>
  ndjson
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { target: { reference: string } }).target.reference);

describe('scan of several targets', () => {
  it('writes a JSON document on a line for each target, a repeated one once', async () => {
    const { stdout, stderr, code } = await scan(`oci:${layout}:2`, `oci:${layout}:1`, `oci:${layout}:2`, '-o', 'json');
    expect(references(stdout)).toEqual([`oci:${layout}:2`, `oci:${layout}:1`]);
    expect(stderr).toBe('2 targets, 2 scanned\n');
    expect(code ?? 0).toBe(0);
  });

  it('goes on after a target that cannot be read, and ends with 2', async () => {
    const missing = `oci:${join(folder, 'missing')}`;
    const { stdout, stderr, code } = await scan(missing, `oci:${layout}:1`, '-o', 'json');
    expect(references(stdout)).toEqual([`oci:${layout}:1`]);
    expect(stderr).toContain(`tidewaiter: ${missing}: `);
    expect(stderr).toContain('[TARGET_MISSING]\n2 targets, 1 scanned, 1 not scanned\n');
    expect(code).toBe(2);
  });

  it('ends with 1 when any target fails its gate, also beside an error', async () => {
    const gate = ['--fail-on', 'negligible', '-o', 'json'];
    const both = await scan(`oci:${layout}:1`, `oci:${join(folder, 'missing')}`, ...gate);
    expect(both.stderr).toContain('1 scanned, 1 not scanned, 0 passed, 1 failed, 0 without verdict');
    expect(both.code).toBe(1);
    expect((await scan(`oci:${layout}:1`, `oci:${layout}:2`, ...gate, '--exit-code', '7')).code).toBe(7);
  });

  it('prints what a gate failed on, also for one target and with --quiet, unless a table shows it', async () => {
    const gate = ['--fail-on', 'negligible', '--quiet'];
    const obstacle = `tidewaiter: oci:${layout}:1: failed: `;
    expect((await scan(`oci:${layout}:1`, ...gate, '-o', `json=${join(folder, 'one.json')}`)).stderr).toContain(
      obstacle,
    );
    expect((await scan(`oci:${layout}:1`, `oci:${layout}:2`, ...gate, '-o', 'json')).stderr).toContain(obstacle);
    expect((await scan(`oci:${layout}:1`, ...gate)).stderr).toBe('');
    expect((await scan(`oci:${layout}:1`, '-o', 'json')).stderr).toBe('');
  });

  it('writes one file for each target where its name has {}, and one text after another elsewhere', async () => {
    const file = join(folder, 'report-{}.xml');
    const table = join(folder, 'tables.txt');
    writeFileSync(table, 'of an earlier run');
    await scan(`oci:${layout}:1`, `oci:${layout}:2`, '-o', `junit=${file}`, '-o', `table=${table}`);
    expect(readFileSync(file.replace('{}', '2'), 'utf8')).toContain(`${layout}:2`);
    const tables = readFileSync(table, 'utf8');
    expect(tables).not.toContain('of an earlier run');
    expect(tables.indexOf(`${layout}:1`)).toBeLessThan(tables.indexOf(`${layout}:2`));
    expect(tables.indexOf(`${layout}:1`)).toBeGreaterThanOrEqual(0);
  });

  it('rejects a format that has no form for several targets', async () => {
    await expect(scan(`oci:${layout}:1`, `oci:${layout}:2`, '-o', 'junit')).rejects.toThrow(/junit has no form/);
  });

  it('scans the targets of a list, and every tag of a layout', async () => {
    const path = list('targets', `# the fleet\r\noci:${layout}:1\r\n\n  oci:${layout}:2`);
    expect(references((await scan('--targets-from', path, '-o', 'json')).stdout)).toHaveLength(2);
    const tagged = await scan('--all-tags', `oci:${layout}`, '-o', 'json');
    expect(references(tagged.stdout)).toEqual([`oci:${layout}:1`, `oci:${layout}:2`]);
  });
});

describe('readTargetList', () => {
  it.each([
    ['a NUL', 'one\ntw\0o', 'line 2: a control character'],
    ['a terminal sequence', '\u001b[2Jone', 'line 1: a control character'],
    ['a line that is too long', `\n${'x'.repeat(4_097)}`, 'line 2: longer than 4096 characters'],
    ['no target', '# none\n\n', 'names no target'],
    ['too many targets', 'x\n'.repeat(100_001), 'has more than 100000 targets'],
  ])('rejects a list with %s as a whole', async (name, text, message) => {
    await expect(readTargetList(list(name, text))).rejects.toThrow(message);
  });

  it('rejects a missing file and a folder', async () => {
    await expect(readTargetList(join(folder, 'none'))).rejects.toMatchObject({ code: 'TARGET_LIST_MISSING' });
    await expect(readTargetList(folder)).rejects.toMatchObject({ code: 'TARGET_LIST_MISSING' });
  });
});

describe('tagsOf', () => {
  const options = { isInsecure: false, isOffline: true };

  it('leaves out signatures by their content, and names an image without a tag by its digest', async () => {
    const place = join(folder, 'signed');
    const disguised = `sha256-${'e'.repeat(64)}.sig`;
    const { digest } = await buildImage(place, { layers: [[{ path: 'a', content: 'a' }]], tag: 'a' });
    await buildImage(place, { layers: [[{ path: 'b', content: 'b' }]], tag: disguised });
    const blob = (mediaType: string, content: string) => {
      const sha256 = hash('sha256', content);
      writeFileSync(join(place, 'blobs/sha256', sha256), content);
      return { mediaType, digest: `sha256:${sha256}`, size: content.length };
    };
    const signature = {
      schemaVersion: 2,
      config: blob('application/vnd.oci.image.config.v1+json', '{}'),
      layers: [blob('application/vnd.dev.cosign.simplesigning.v1+json', '{"critical":{}}')],
    };
    const signed = {
      ...blob('application/vnd.oci.image.manifest.v1+json', JSON.stringify(signature)),
      annotations: { 'org.opencontainers.image.ref.name': `${digest.replace(':', '-')}.sig` },
    };
    const index = join(place, 'index.json');
    const { manifests, ...rest } = JSON.parse(readFileSync(index, 'utf8')) as { manifests: object[] };
    const untagged = { ...manifests[0], annotations: {} };
    writeFileSync(index, JSON.stringify({ ...rest, manifests: [...manifests, signed, untagged] }));
    const images = [`oci:${place}:a`, `oci:${place}:${disguised}`, `oci:${place}@${digest}`];
    expect(await tagsOf(`oci:${place}`, options)).toEqual(images);
  });

  it('rejects a layout without images, of which a gate would pass', async () => {
    const place = join(folder, 'empty');
    mkdirSync(place);
    writeFileSync(join(place, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(join(place, 'index.json'), '{"schemaVersion":2,"manifests":[]}');
    await expect(tagsOf(`oci:${place}`, options)).rejects.toMatchObject({ code: 'TARGET_MISSING' });
  });

  it.each([
    ['an image of a layout', `oci:${layout}:1`, 'TAGS_UNKNOWN'],
    ['a folder', `rootfs:${folder}`, 'TAGS_UNKNOWN'],
    ['an image of a registry', 'registry.example.com/app:1', 'TAGS_UNKNOWN'],
    [
      'an image of a registry by its digest',
      `docker://registry.example.com/app@sha256:${'0'.repeat(64)}`,
      'TAGS_UNKNOWN',
    ],
    ['a repository where no network may be used', 'registry.example.com:5000/app', 'OFFLINE'],
  ])('rejects %s', async (_, target, code) => {
    await expect(tagsOf(target, options)).rejects.toMatchObject({ code });
  });
});

describe('VerifiedBlobs', () => {
  it('compares a blob once for each state, and one without a state every time', async () => {
    const verified = new VerifiedBlobs();
    let reads = 0;
    let state = 'first';
    const blob = {
      ...{ index: 0, digest: 'sha256:a', diffId: 'sha256:b', sizeBytes: 1, mediaType: '' },
      open: async function* () {},
      verify: () => Promise.resolve(void (reads += 1)),
    } as const;
    const stated = { ...blob, state: () => Promise.resolve(state) };
    for (const each of [stated, stated, { ...stated, digest: 'sha256:c' as const }]) await verified.verify(each);
    expect(reads).toBe(2);
    state = 'written';
    await verified.verify(stated);
    expect(reads).toBe(3);
    for (const each of [blob, blob]) await verified.verify(each);
    expect(reads).toBe(5);
    const broken = {
      ...stated,
      diffId: 'sha256:d' as const,
      verify: () => Promise.reject(new Error('another digest')),
    };
    await expect(verified.verify(broken)).rejects.toThrow('another digest');
    await expect(verified.verify(broken)).rejects.toThrow('another digest');
  });
});
