import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Trust } from '@tidewaiter/provenance';
import { imageProvenance, readTrust } from '@tidewaiter/provenance';
import {
  buildImage,
  buildIndex,
  cosign,
  cosignAttest,
  type CosignKey,
  cosignKey,
  cosignSign,
  describeWith,
  programs,
  pushImage,
  startRegistry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { openSource } from '../sources/sources.js';

const slsa1 = {
  buildDefinition: {
    buildType: 'https://example.com/build/v1',
    externalParameters: {},
    resolvedDependencies: [
      { uri: 'git+https://git.example.com/shop/app@refs/heads/main', digest: { gitCommit: '1'.repeat(40) } },
    ],
  },
  runDetails: { builder: { id: 'https://builder.example.com/v1' }, metadata: { finishedOn: '2026-01-01T00:05:00Z' } },
};
const slsa02 = {
  buildType: 'https://example.com/build/v0.2',
  builder: { id: 'https://builder.example.com/v0.2' },
  invocation: { configSource: { uri: 'git+https://git.example.com/shop/app', digest: { sha1: '2'.repeat(40) } } },
};
const openVex = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://example.com/vex/1',
  author: 'security@example.com',
  timestamp: '2026-01-01T00:00:00Z',
  version: 1,
  statements: [],
};

jest.setTimeout(120_000);

describeWith(programs('docker-registry', 'skopeo', 'cosign'))('what cosign signs', () => {
  let dir: string;
  let registry: TestRegistry;
  let key: CosignKey;
  let stranger: CosignKey;
  let images = 0;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidewaiter-cosign-'));
    registry = await startRegistry();
    [key, stranger] = await Promise.all([cosignKey(dir, 'release'), cosignKey(dir, 'stranger')]);
  });

  afterAll(async () => {
    await registry.stop();
    await rm(dir, { recursive: true });
  });

  /** Pushes an image that is like no other; answers its repository, tag and digest. */
  async function pushed(): Promise<{ name: string; image: string; digest: string }> {
    images += 1;
    const layout = join(dir, `image-${images}`);
    await buildImage(layout, { layers: [[{ path: 'app/run', content: `image ${images}` }]], tag: '1' });
    const digest = await pushImage(registry, `shop/app-${images}:1`, `oci:${layout}:1`);
    const name = `${registry.host}/shop/app-${images}`;
    return { name, digest, image: `${name}@${digest}` };
  }

  async function provenanceOf(target: string, trust: Trust) {
    const signal = AbortSignal.timeout(60_000);
    const source = await openSource(target, { isInsecure: false, isOffline: false, signal, platform: 'linux/amd64' });
    try {
      return await imageProvenance(source.signed!.place, source.signed!.digests, trust);
    } finally {
      await source.close();
    }
  }

  const trustIn = (...keys: CosignKey[]) =>
    readTrust(keys.map(({ publicKey }, index) => ({ name: `key-${index}`, key: publicKey })));

  it.each([
    ['ECDSA P-256', undefined],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
  ])("verifies what cosign's key of %s signed", async (kind, privateKey) => {
    const own = await cosignKey(dir, kind.replace(' ', '-'), privateKey);
    const { name, image } = await pushed();
    await cosignSign(dir, own, image);
    await cosignAttest(dir, own, image, 'slsaprovenance1', slsa1);
    await cosignAttest(dir, own, image, 'slsaprovenance1', slsa1, '--new-bundle-format');
    const { signatures, attestations, warnings } = await provenanceOf(`${name}:1`, trustIn(stranger, own));
    expect(warnings).toEqual([]);
    expect(signatures).toMatchObject([{ verified: true, signer: { name: 'key-1' } }]);
    const facts = { builder: 'https://builder.example.com/v1', source: 'https://git.example.com/shop/app' };
    const stated = { verified: true, ...facts, revision: '1'.repeat(40), builtAt: '2026-01-01T00:05:00Z' };
    expect(attestations).toMatchObject([stated, stated]);
  });

  // Debian's cosign takes no such private keys; whoever keeps theirs elsewhere signs cosign's
  // payload there.
  it.each([
    ['ECDSA P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 3072 })],
  ])('verifies what another key of %s signed', async (_, { privateKey, publicKey }) => {
    const { name, image } = await pushed();
    const payload = await cosign(dir, 'generate', '--allow-http-registry', image);
    writeFileSync(join(dir, 'payload'), payload);
    writeFileSync(join(dir, 'signature'), sign('sha256', Buffer.from(payload), privateKey).toString('base64'));
    const files = ['--payload', 'payload', '--signature', 'signature'];
    await cosign(dir, 'attach', 'signature', '--allow-http-registry', ...files, image);
    const own = { file: '', publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
    const { signatures } = await provenanceOf(`${name}:1`, trustIn(stranger, own));
    expect(signatures).toMatchObject([{ verified: true, signer: { name: 'key-1' } }]);
  });

  it('finds nothing where nothing is signed', async () => {
    const { name } = await pushed();
    const nothing = { signatures: [], attestations: [], vex: [], sboms: [], warnings: [] };
    expect(await provenanceOf(`${name}:1`, trustIn(key))).toMatchObject(nothing);
  });

  it('does not trust a stranger', async () => {
    const { name, image } = await pushed();
    await cosignSign(dir, stranger, image);
    await cosignAttest(dir, stranger, image, 'slsaprovenance02', slsa02);
    const { signatures, attestations } = await provenanceOf(`${name}:1`, trustIn(key));
    expect(signatures).toMatchObject([{ verified: false, code: 'SIGNER_UNKNOWN', signer: null }]);
    expect(attestations).toMatchObject([{ verified: false, code: 'SIGNER_UNKNOWN', builder: null, revision: null }]);
  });

  it('does not take the signature of one image for another', async () => {
    const [signed, other] = [await pushed(), await pushed()];
    await cosignSign(dir, key, signed.image);
    await cosignAttest(dir, key, signed.image, 'slsaprovenance1', slsa1);
    for (const suffix of ['sig', 'att']) {
      const tag = ({ name, digest }: typeof other) => `docker://${name}:${digest.replace(':', '-')}.${suffix}`;
      skopeo('copy', '--src-tls-verify=false', '--dest-tls-verify=false', tag(signed), tag(other));
    }
    const { signatures, attestations } = await provenanceOf(`${other.name}:1`, trustIn(key));
    expect(signatures).toMatchObject([{ verified: false, code: 'SUBJECT_MISMATCH', signer: null }]);
    expect(attestations).toMatchObject([{ verified: false, code: 'SUBJECT_MISMATCH', source: null }]);
  });

  it('finds each kind of statement', async () => {
    const { name, image } = await pushed();
    await cosignAttest(dir, key, image, 'slsaprovenance02', slsa02);
    await cosignAttest(dir, key, image, 'cyclonedx', { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
    await cosignAttest(dir, key, image, 'spdxjson', { spdxVersion: 'SPDX-2.3' });
    await cosignAttest(dir, key, image, 'openvex', openVex);
    await cosignAttest(dir, key, image, 'https://example.com/reviewed/v1', { reviewer: 'somebody' });
    const { attestations, vex } = await provenanceOf(`${name}:1`, trustIn(key));
    expect(attestations.every(({ verified }) => verified)).toBe(true);
    expect(attestations.map(({ kind }) => kind)).toEqual(['provenance', 'sbom', 'sbom', 'vex', 'other']);
    expect(attestations[0]).toMatchObject({ builder: 'https://builder.example.com/v0.2', revision: '2'.repeat(40) });
    expect(vex).toMatchObject([{ signer: { name: 'key-0' }, document: openVex }]);
  });

  it('mentions a bill of materials that nobody signed', async () => {
    const { name, image } = await pushed();
    const file = join(dir, 'image-1', 'index.json');
    await cosign(
      dir,
      'attach',
      'sbom',
      '--allow-http-registry',
      '--sbom',
      file,
      '--type',
      'spdx',
      '--input-format',
      'json',
      image,
    );
    const { attestations } = await provenanceOf(`${name}:1`, trustIn(key));
    expect(attestations).toMatchObject([{ kind: 'sbom', verified: false, code: 'UNSIGNED' }]);
  });

  it('finds a signature that is a referrer', async () => {
    const { name, image } = await pushed();
    await cosignSign(dir, key, image, '--registry-referrers-mode=oci-1-1');
    const { signatures } = await provenanceOf(`${name}:1`, trustIn(key));
    expect(signatures).toMatchObject([{ verified: true }]);
  });

  it('takes the signature of an index for what it holds', async () => {
    const layout = join(dir, 'index');
    const layers = [[{ path: 'app/run', content: 'x' }]];
    await buildIndex(layout, [{ layers }, { layers, platform: 'linux/arm64' }], '1');
    const digest = await pushImage(registry, 'shop/multi:1', `oci:${layout}:1`);
    await cosignSign(dir, key, `${registry.host}/shop/multi@${digest}`);
    const { signatures } = await provenanceOf(`${registry.host}/shop/multi:1`, trustIn(key));
    expect(signatures).toMatchObject([{ verified: true, subject: digest }]);
  });

  it.each(['cosign', 'skopeo'])('finds what %s puts into a layout', async (tool) => {
    const { name, image, digest } = await pushed();
    await cosignSign(dir, key, image);
    await cosignAttest(dir, key, image, 'slsaprovenance1', slsa1);
    const layout = join(dir, `saved-by-${tool}`);
    if (tool === 'cosign') await cosign(dir, 'save', '--dir', layout, '--allow-http-registry', `${name}:1`);
    else {
      for (const tag of ['1', ...['sig', 'att'].map((suffix) => `${digest.replace(':', '-')}.${suffix}`)]) {
        skopeo('copy', '--src-tls-verify=false', `docker://${name}:${tag}`, `oci:${layout}:${tag}`);
      }
    }
    const { signatures, attestations } = await provenanceOf(`oci:${layout}`, trustIn(key));
    expect(signatures).toMatchObject([{ verified: true, subject: digest }]);
    expect(attestations).toMatchObject([{ verified: true, source: 'https://git.example.com/shop/app' }]);
    const archive = `${layout}.tar`;
    execFileSync('tar', ['-C', layout, '-cf', archive, '.']);
    expect((await provenanceOf(`oci-archive:${archive}`, trustIn(key))).signatures).toMatchObject([{ verified: true }]);
  });
});

function skopeo(...args: string[]): void {
  execFileSync('skopeo', ['--insecure-policy', ...args], { stdio: 'ignore' });
}
