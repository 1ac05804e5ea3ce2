import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import { analyzeLayer, analyzeTree, inventory } from '@tidewaiter/analyzers';
import { builtInLifecycles } from '@tidewaiter/checks';
import { overlay } from '@tidewaiter/oci';
import { buildImage, buildIndex, captureOutput, tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { openSource, schemes } from './sources.js';

const alpine: TarEntry[] = [
  { path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.20.3\n' },
  { path: 'lib/apk/db/installed', content: 'P:musl\nV:1.2.5-r0\nA:x86_64\n\nP:zlib\nV:1.3.1-r1\nA:x86_64\n' },
];
const upper: TarEntry[] = [{ path: 'app/run', content: 'x' }];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-sources-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function open(target: string, platform?: string) {
  const signal = AbortSignal.timeout(60_000);
  return openSource(target, { isInsecure: false, isOffline: true, signal, ...(platform && { platform }) });
}

/** Packages of a target, read through every step of a scan. */
async function packagesOf(target: string, platform?: string): Promise<string[]> {
  const source = await open(target, platform);
  const layers = source.tree
    ? [await analyzeTree(source.tree(), {})]
    : await Promise.all(
        source.layers.map((layer) =>
          analyzeLayer(() => layer.open(), { mediaType: layer.mediaType, expectedDiffId: layer.diffId }),
        ),
      );
  await source.close();
  return inventory(layers, overlay(layers.map(({ entries }) => entries))).packages.map(
    ({ name, version }) => `${name} ${version}`,
  );
}

const both = ['musl 1.2.5-r0', 'zlib 1.3.1-r1'];

/** The folder as a tar, in the form of a layout archive. */
function tarOf(dir: string, prefix = ''): TarEntry[] {
  return readdirSync(join(dir, prefix), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? tarOf(dir, `${prefix}${entry.name}/`)
      : [{ path: `${prefix}${entry.name}`, content: readFileSync(join(dir, prefix, entry.name)) }],
  );
}

/** Output of an older Docker's `docker save`: a repeated layer is a link. */
function dockerArchive(tags: readonly string[][]): Buffer {
  const layer = tarArchive(alpine);
  const diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
  const config = JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: [diffId, diffId] },
  });
  const manifest = tags.map((RepoTags) => ({
    Config: 'config.json',
    RepoTags,
    Layers: ['a/layer.tar', 'b/layer.tar'],
  }));
  return tarArchive([
    { path: 'config.json', content: config },
    { path: 'a/layer.tar', content: layer },
    { path: 'b/layer.tar', type: 'symlink', linkTarget: '../a/layer.tar' },
    { path: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
}

it('names every scheme once', () => {
  expect(new Set(schemes).size).toBe(schemes.length);
});

describe('oci:DIR', () => {
  it('is read by its only tag, by any tag, and by digest', async () => {
    const { digest } = await buildImage(folder, { layers: [alpine, upper], tag: '1.0' });
    for (const target of [`oci:${folder}`, `oci:${folder}:1.0`, `oci:${folder}@${digest}`]) {
      expect(await packagesOf(target)).toEqual(both);
    }
    expect(await open(`oci:${folder}`)).toMatchObject({ digest, platform: 'linux/amd64' });
  });

  it('asks for a tag where there are several, and names them', async () => {
    await buildImage(folder, { layers: [alpine], tag: 'a' });
    await buildImage(folder, { layers: [upper], tag: 'b' });
    await expect(open(`oci:${folder}`)).rejects.toMatchObject({
      code: 'TAG_MISSING',
      message: expect.stringMatching('a, b'),
    });
    await expect(open(`oci:${folder}:c`)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  it('chooses the platform of an index', async () => {
    await buildIndex(folder, [
      { layers: [upper], platform: 'linux/amd64' },
      { layers: [alpine], platform: 'linux/arm64' },
    ]);
    expect(await packagesOf(`oci:${folder}`, 'linux/arm64')).toEqual(both);
    expect(await packagesOf(`oci:${folder}`, 'linux/amd64')).toEqual([]);
    await expect(open(`oci:${folder}`, 'linux/s390x')).rejects.toMatchObject({
      code: 'NO_PLATFORM',
      message: expect.stringMatching('linux/amd64, linux/arm64'),
    });
  });

  it.each([
    ['directory', (path: string) => mkdirSync(path)],
    ['pipe', (path: string) => execFileSync('mkfifo', [path])],
  ])('waits for no %s in place of a blob', async (_, make) => {
    const { layerDigests } = await buildImage(folder, { layers: [alpine] });
    const path = join(folder, 'blobs', layerDigests[0]!.replace(':', '/'));
    rmSync(path);
    make(path);
    await expect(packagesOf(`oci:${folder}`)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  });

  it('takes the only platform that there is, where none was asked for', async () => {
    await buildIndex(folder, [{ layers: [alpine], platform: 'linux/riscv64' }]);
    expect(await packagesOf(`oci:${folder}`)).toEqual(both);
  });

  it('refuses blobs that are not what their digest says', async () => {
    const { layerDigests, digest } = await buildImage(folder, { layers: [alpine] });
    const path = join(folder, 'blobs', layerDigests[0]!.replace(':', '/'));
    writeFileSync(path, gzipSync(tarArchive(upper)));
    await expect(packagesOf(`oci:${folder}`)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    writeFileSync(path, Buffer.alloc(readFileSync(path).length));
    await expect(packagesOf(`oci:${folder}`)).rejects.toThrow();
    writeFileSync(join(folder, 'blobs', digest.replace(':', '/')), '{}');
    await expect(open(`oci:${folder}`)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});

it.each([
  ['plain', (tar: Buffer) => tar],
  ['compressed', (tar: Buffer) => gzipSync(tar)],
  // Compressors that work in pieces start with a frame without content.
  ['zstd', (tar: Buffer) => Buffer.concat([Buffer.from('502a4d180400000000000000', 'hex'), zstdCompressSync(tar)])],
])('reads an OCI layout in a %s tar', async (_, compress) => {
  const layout = join(folder, 'layout');
  await buildImage(layout, { layers: [alpine, upper], tag: 'x' });
  writeFileSync(join(folder, 'image.tar'), compress(tarArchive(tarOf(layout))));
  expect(await packagesOf(`oci-archive:${folder}/image.tar:x`)).toEqual(both);
});

describe('docker-archive:FILE', () => {
  it.each([
    ['plain', (tar: Buffer) => tar],
    ['compressed', (tar: Buffer) => gzipSync(tar)],
  ])('is read from a %s tar, with layers that are links', async (_, compress) => {
    writeFileSync(join(folder, 'saved.tar'), compress(dockerArchive([['shop/app:1']])));
    expect(await packagesOf(`docker-archive:${folder}/saved.tar`)).toEqual(both);
  });

  it('asks which image of several', async () => {
    writeFileSync(join(folder, 'saved.tar'), dockerArchive([['shop/app:1'], ['shop/other:2']]));
    const target = `docker-archive:${folder}/saved.tar`;
    await expect(open(target)).rejects.toMatchObject({ code: 'TAG_MISSING' });
    expect(await packagesOf(`${target}:shop/other:2`)).toEqual(both);
    await expect(open(`${target}:shop/none:2`)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  });

  it.each(['[]', '{}', 'null', '[{"Config":1,"Layers":[]}]', '[{"Config":"x","Layers":"y"}]', 'no JSON'])(
    'refuses a manifest.json of %s',
    async (content) => {
      writeFileSync(join(folder, 'saved.tar'), tarArchive([{ path: 'manifest.json', content }]));
      await expect(open(`docker-archive:${folder}/saved.tar`)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
    },
  );
});

describe('rootfs:DIR', () => {
  it('is read as it lies there, and links never lead out of it', async () => {
    mkdirSync(join(folder, 'lib/apk/db'), { recursive: true });
    mkdirSync(join(folder, 'etc'));
    for (const { path, content = '' } of alpine) writeFileSync(join(folder, path), content);
    symlinkSync('/etc/passwd', join(folder, 'etc/passwd'));
    symlinkSync('..', join(folder, 'etc/up'));
    expect(await packagesOf(`rootfs:${folder}`)).toEqual(both);
    const source = await open(`rootfs:${folder}`);
    const members = [];
    for await (const { name, flag } of source.tree!()) members.push(`${flag} ${name}`);
    expect(members).toEqual([
      '5 etc',
      '0 etc/os-release',
      '2 etc/passwd',
      '2 etc/up',
      '5 lib',
      '5 lib/apk',
      '5 lib/apk/db',
      '0 lib/apk/db/installed',
    ]);
  });

  it('is read where the name is a link, as that of the root of a process is', async () => {
    mkdirSync(join(folder, 'real/etc'), { recursive: true });
    writeFileSync(join(folder, 'real/etc/hostname'), 'x');
    symlinkSync('real', join(folder, 'link'));
    const names = [];
    for await (const { name } of (await open(`rootfs:${folder}/link`)).tree!()) names.push(name);
    expect(names).toEqual(['etc', 'etc/hostname']);
  });

  it('reports a file that vanishes while it is read', async () => {
    writeFileSync(join(folder, 'a'), 'x');
    const source = await open(`rootfs:${folder}`);
    async function* vanishing() {
      for await (const member of source.tree!()) {
        rmSync(join(folder, member.name));
        yield member;
      }
    }
    const { entries, facts } = await analyzeTree(vanishing(), { isInspected: true });
    expect(entries.at(0)).toMatchObject({ path: 'a', sha256: undefined });
    expect(facts.warnings).toMatchObject([{ code: 'UNREADABLE', path: 'a' }]);
  });
});

describe('sbom:FILE', () => {
  const purls = ['pkg:deb/debian/openssl@3.0.15-1?arch=amd64&distro=debian-12', 'pkg:npm/%40babel/core@7.0.0'];

  it.each([
    [
      'CycloneDX',
      { bomFormat: 'CycloneDX', specVersion: '1.6', components: purls.map((purl) => ({ type: 'library', purl })) },
    ],
    [
      'SPDX',
      {
        spdxVersion: 'SPDX-2.3',
        packages: purls.map((purl) => ({ externalRefs: [{ referenceType: 'purl', referenceLocator: purl }] })),
      },
    ],
    [
      'SPDX 3',
      {
        '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
        '@graph': purls.map((purl) => ({
          type: 'software_Package',
          externalIdentifier: [{ externalIdentifierType: 'packageUrl', identifier: purl }],
        })),
      },
    ],
  ])('gives the packages of %s, and the distribution that they name', async (_, document) => {
    writeFileSync(join(folder, 'sbom.json'), JSON.stringify(document));
    const { listed } = await open(`sbom:${folder}/sbom.json`);
    expect(listed?.os).toMatchObject({ id: 'debian', versionId: '12' });
    expect(listed?.packages.map(({ purl }) => purl)).toEqual(purls);
  });

  const library = { type: 'library', name: 'lodash', version: '4.17.4' };
  const spdx = (externalRefs: object[], more = {}) => ({
    spdxVersion: 'SPDX-2.3',
    packages: [{ SPDXID: 'SPDXRef-lodash', name: 'lodash', versionInfo: '4.17.4', externalRefs }],
    ...more,
  });
  const about = { relationships: [{ relationshipType: 'DESCRIBES', relatedSpdxElement: 'SPDXRef-lodash' }] };
  const cpe = { referenceType: 'cpe23Type', referenceLocator: 'cpe:2.3:a:lodash:lodash:4.17.4:*:*:*:*:*:*:*' };
  it.each<[string, object, string[]]>([
    ['no purl', { bomFormat: 'CycloneDX', components: [library] }, ['PACKAGES_UNKNOWN']],
    [
      'one without a version',
      { bomFormat: 'CycloneDX', components: [{ ...library, purl: 'pkg:npm/lodash' }] },
      ['PACKAGES_UNKNOWN'],
    ],
    [
      'one of no kind',
      { bomFormat: 'CycloneDX', components: [{ ...library, purl: 'pkg:x/lodash@4' }] },
      ['PACKAGES_UNKNOWN'],
    ],
    ['a purl of SPDX that is none', spdx([cpe]), ['PACKAGES_UNKNOWN']],
    ['the subject alone', spdx([], about), []],
    ['a repository', { bomFormat: 'CycloneDX', components: [{ ...library, purl: 'pkg:github/a/b' }] }, []],
    ['a program', { bomFormat: 'CycloneDX', components: [{ ...library, type: 'application' }] }, ['PACKAGES_UNKNOWN']],
    ['a lock file', { bomFormat: 'CycloneDX', components: [{ type: 'application', name: 'package-lock.json' }] }, []],
  ])('names libraries that cannot be evaluated: %s', async (_, document, codes) => {
    writeFileSync(join(folder, 'sbom.json'), JSON.stringify(document));
    const { warnings } = await open(`sbom:${folder}/sbom.json`);
    expect(warnings.map(({ code }) => code)).toEqual(codes);
  });

  it('refuses what is none', async () => {
    writeFileSync(join(folder, 'sbom.json'), '{}');
    await expect(open(`sbom:${folder}/sbom.json`)).rejects.toMatchObject({ code: 'MALFORMED_FILE' });
  });
});

describe('dockerfile: and k8s:', () => {
  it('are checked file by file', async () => {
    writeFileSync(join(folder, 'Dockerfile'), 'FROM debian\nRUN curl https://example.com/x | sh\n');
    const { checked } = await open(`dockerfile:${folder}/Dockerfile`);
    expect(checked!.find(builtInLifecycles).map(({ id, path }) => `${id} ${path}`)).toContain(
      'dockerfile-download-and-run Dockerfile',
    );
  });

  it('are read of a whole folder', async () => {
    mkdirSync(join(folder, 'shop'));
    const pod = (name: string) => `{ kind: Pod, apiVersion: v1, metadata: { name: ${name} }, spec: { hostPID: true } }`;
    writeFileSync(join(folder, 'shop/a.yaml'), pod('a'));
    writeFileSync(join(folder, 'b.yml'), `${pod('b')}\n---\n{{ template }}`);
    const { checked, warnings } = await open(`k8s:${folder}`);
    expect(
      checked!
        .find(builtInLifecycles)
        .filter(({ id }) => id === 'k8s-host-pid')
        .map(({ path }) => path),
    ).toEqual(['b.yml', 'shop/a.yaml']);
    expect(warnings).toMatchObject([{ path: 'b.yml' }]);
  });

  it.each([
    ['values of a chart', 'replicas: 2\n'],
    ['a custom resource', 'kind: Rollout\napiVersion: argoproj.io/v1alpha1\n'],
    ['nothing', ''],
  ])('are missing where there is only %s', async (_what, text) => {
    writeFileSync(join(folder, 'a.yaml'), text);
    await expect(open(`k8s:${folder}`)).rejects.toMatchObject({ code: 'TARGET_MISSING' });
    writeFileSync(join(folder, 'b.yaml'), 'kind: Pod\napiVersion: v1\n');
    await expect(open(`k8s:${folder}`)).resolves.toBeDefined();
  });
});

it.each([
  'dockerfile:/nowhere',
  'k8s:/nowhere',
  'sbom:/nowhere',
  'oci:/nowhere',
  'oci-archive:/nowhere.tar',
  'docker-archive:/nowhere.tar',
  'rootfs:/nowhere',
])('says that there is no %s', async (target) => {
  await expect(open(target)).rejects.toMatchObject({ code: 'TARGET_MISSING' });
});

it('asks no registry when it is offline', async () => {
  await expect(open('alpine:3.20')).rejects.toMatchObject({ code: 'OFFLINE' });
  await expect(open('docker://alpine:3.20')).rejects.toMatchObject({ code: 'OFFLINE' });
});

it('names the path that an image in a registry was perhaps meant to be', async () => {
  const output = captureOutput();
  // A file of the repository, in which the tests run.
  await expect(open('package.json')).rejects.toMatchObject({ code: 'OFFLINE' });
  await expect(open('nowhere.json')).rejects.toMatchObject({ code: 'OFFLINE' });
  output.restore();
  expect(output.stderr).toBe('package.json is also here, and ./package.json names it\n');
});
