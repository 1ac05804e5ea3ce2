import { createHash } from 'node:crypto';

import { MalformedFile, NotFound, Unavailable } from '@tidewaiter/domain';
import type { Descriptor } from '@tidewaiter/oci';

import { type ArtifactPlace, buildStatementsWithin } from './find-artifacts.js';
import { imageProvenance } from './image-provenance.js';
import { sbomLimits } from './limits.js';
import { readTrust } from './trust.js';
import { unsignedSbomFindings } from './unsigned-sbom.js';

const [image, other] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];
const inToto = 'application/vnd.in-toto+json';
const spdxType = 'https://spdx.dev/Document';
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('{}'), size: 2 };

interface Layer {
  mediaType: string;
  content: string;
  annotations?: Record<string, string>;
}

function digestOf(content: Buffer | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Repository that serves anything, and keeps the requests that found something. */
class Repository implements ArtifactPlace {
  readonly #contents = new Map<string, Buffer>();
  readonly #referrers = new Map<string, Descriptor[]>();
  readonly served: string[] = [];

  put(document: object, mediaType: string, name?: string): Descriptor {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document }));
    for (const key of [name ?? '', digestOf(bytes)]) this.#contents.set(key, bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  }

  putManifest(layers: Layer[], more: object = {}, name?: string): Descriptor {
    const described = layers.map(({ content, ...layer }) => {
      this.#contents.set(digestOf(content), Buffer.from(content));
      return { ...layer, digest: digestOf(content), size: content.length };
    });
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    return this.put({ config, layers: described, ...more }, mediaType, name);
  }

  putReferrer(layers: Layer[], artifactType: string, subject = image, listedBy = subject): undefined {
    const descriptor = { mediaType: config.mediaType, digest: subject, size: 1 };
    const referrer = { ...this.putManifest(layers, { artifactType, subject: descriptor }), artifactType };
    this.#referrers.set(listedBy, [...(this.#referrers.get(listedBy) ?? []), referrer]);
  }

  /** Stores an index with statements about an image, as BuildKit does; returns its digest. */
  putIndex(layers: Layer[], about = image): string {
    const annotations = {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': about,
    };
    const platform = { os: 'unknown', architecture: 'unknown' };
    return this.#putIndex([
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: image,
        size: 1,
        platform: { os: 'linux', architecture: 'amd64' },
      },
      { ...this.putManifest(layers), annotations, platform },
    ]);
  }

  /** Stores an index that holds another one. */
  putOuterIndex(inner: string): string {
    return this.#putIndex([{ mediaType: 'application/vnd.oci.image.index.v1+json', digest: inner, size: 1 }]);
  }

  #putIndex(manifests: object[]): string {
    return this.put({ manifests }, 'application/vnd.oci.image.index.v1+json').digest;
  }

  remove(digest: string): void {
    this.#contents.delete(digest);
  }

  async referrers(digest: string): Promise<Descriptor[]> {
    return this.#referrers.get(digest) ?? [];
  }

  async manifest(reference: string): Promise<{ digest: string; mediaType: string; bytes: Buffer }> {
    const bytes = this.#contents.get(reference);
    if (!bytes) throw new NotFound('MANIFEST_UNKNOWN', `no ${reference}`);
    this.served.push(reference);
    return { digest: digestOf(bytes), mediaType: '', bytes };
  }

  async *blob({ digest }: { digest: string }): AsyncGenerator<Uint8Array> {
    const content = this.#contents.get(digest);
    if (!content) throw new NotFound('BLOB_UNKNOWN', `no ${digest}`);
    this.served.push(digest);
    yield content;
  }
}

const sbom = (...packages: string[]) => ({
  spdxVersion: 'SPDX-2.3',
  creationInfo: { creators: ['Tool: syft-v1.18.1'] },
  packages,
});
const file = (mediaType: string, ...packages: string[]): Layer => ({
  mediaType,
  content: JSON.stringify(sbom(...packages)),
});

function statement(predicate: unknown, { about = image, predicateType = spdxType, isSaid = true } = {}): Layer {
  const subject = [{ name: 'pkg:docker/shop/app@1?platform=linux%2Famd64', digest: { sha256: about.slice(7) } }];
  const content = JSON.stringify({
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: isSaid ? predicateType : 'https://example.com/other',
    subject,
    predicate,
  });
  return { mediaType: inToto, content, annotations: { 'in-toto.io/predicate-type': predicateType } };
}

const slsa = statement(
  { builder: { id: 'https://builder.example.com' } },
  { predicateType: 'https://slsa.dev/provenance/v0.2' },
);

/** Packages of the image are a, b and c; the documents hold names in place of packages. */
function compare(document: unknown) {
  if (document === null) throw new MalformedFile('neither CycloneDX nor SPDX');
  const { packages = [] } = document as { packages?: string[] };
  const agreed = ['a', 'b', 'c'].filter((name) => packages.includes(name));
  return {
    unlisted: agreed.length === 0 ? [] : ['a', 'b', 'c'].filter((name) => !agreed.includes(name)),
    absent: [],
    agreed: agreed.length,
  };
}

async function findingsOf(place: Repository, index?: string, trust = readTrust([])) {
  const digests = index === undefined ? [image] : [index, image];
  const { unsignedSboms, ...found } = await imageProvenance(place, digests, trust, {
    ...(index !== undefined && { buildStatements: () => buildStatementsWithin(place, index, image) }),
  });
  const compared = await unsignedSbomFindings(place, { repository: 'shop/app', digest: image }, unsignedSboms, compare);
  const differing = compared.findings.map(({ evidence }) => [evidence['source'], evidence['unlisted']]);
  return { ...found, ...compared, differing, found: found.warnings };
}

describe('unsignedSbomFindings', () => {
  it('compares the SBOM that BuildKit attests in the index of an image', async () => {
    const place = new Repository();
    const { findings, attestations, presented } = await findingsOf(
      place,
      place.putIndex([statement(sbom('a', 'b')), slsa]),
    );
    expect(findings).toMatchObject([
      {
        id: 'unsigned-sbom-differs',
        severity: 'negligible',
        confidence: 'possible',
        title: 'Unsigned SBOM attested by BuildKit lacks 1 package of the image',
        evidence: { source: 'buildkit', claimedTools: ['syft-v1.18.1'], unlisted: ['c'] },
      },
    ]);
    expect(attestations).toMatchObject([{ kind: 'sbom', verified: false, code: 'UNSIGNED' }]);
    // Not read without a signer to verify it by, and nothing to learn an identity from.
    expect(place.served).not.toContain(digestOf(slsa.content));
    expect(presented).toMatchObject({ provenance: false, builders: [] });
  });

  it('shows unsigned provenance of BuildKit where signers are configured', async () => {
    const place = new Repository();
    const key =
      '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAcrrx0TdZkIhzzH7ubU8FFyZUQhNoXbRKj1ivCBjff8c=\n-----END PUBLIC KEY-----';
    const index = place.putIndex([statement(sbom('a', 'b', 'c')), slsa]);
    const { attestations, differing } = await findingsOf(place, index, readTrust([{ name: 'release', key }]));
    expect(attestations).toMatchObject([
      { kind: 'sbom', verified: false, code: 'UNSIGNED' },
      { kind: 'provenance', verified: false, code: 'UNSIGNED', builder: null, subject: image },
    ]);
    expect(differing).toEqual([]);
  });

  it.each<[string, (place: Repository) => void]>([
    [
      'a referrer with an SBOM as its layer',
      (place) => place.putReferrer([file('application/vnd.cyclonedx+json', 'a')], 'application/vnd.cyclonedx+json'),
    ],
    [
      'a referrer of ORAS, whose layer has no type of its own',
      (place) => place.putReferrer([file('application/vnd.oci.image.layer.v1.tar', 'a')], 'application/spdx+json'),
    ],
    [
      'the tag of cosign',
      (place) => place.putManifest([file('text/spdx+json', 'a')], {}, `${image.replace(':', '-')}.sbom`),
    ],
  ])('compares the SBOM of %s', async (_, put) => {
    const place = new Repository();
    put(place);
    expect((await findingsOf(place)).differing).toEqual([[expect.stringMatching(/^(referrer|tag)$/), ['b', 'c']]]);
  });

  it('counts the closest SBOM of each source', async () => {
    const place = new Repository();
    const index = place.putIndex([statement(sbom('a')), statement(sbom('a', 'b', 'c')), statement(sbom('x'))]);
    place.putReferrer([file('application/spdx+json', 'x')], 'application/spdx+json');
    place.putReferrer([file('application/spdx+json', 'a', 'b')], 'application/spdx+json');
    expect((await findingsOf(place, index)).differing).toEqual([['referrer', ['c']]]);
  });

  it('compares an SBOM of the index only with the platform that it names', async () => {
    const place = new Repository();
    const index = place.putIndex([]);
    const named = (digest: string) => ({
      component: { type: 'container', purl: `pkg:oci/app@${encodeURIComponent(digest)}?arch=amd64` },
    });
    const attach = (metadata: object) =>
      place.putReferrer(
        [{ mediaType: 'application/vnd.cyclonedx+json', content: JSON.stringify({ ...sbom('a'), metadata }) }],
        'application/vnd.cyclonedx+json',
        index,
      );
    for (const metadata of [{}, named(index), named(other)]) attach(metadata);
    expect((await findingsOf(place, index)).differing).toEqual([]);
    attach(named(image));
    expect((await findingsOf(place, index)).differing).toEqual([['referrer', ['b', 'c']]]);
  });

  it('finds the statements in an index within an index, and ends in a cycle', async () => {
    const place = new Repository();
    const inner = place.putIndex([statement(sbom('a'))]);
    expect((await findingsOf(place, place.putOuterIndex(inner))).differing).toEqual([['buildkit', ['b', 'c']]]);
    // No honest registry can have it.
    const outer = place.putOuterIndex(other);
    const cyclic = Object.assign(new Repository(), { manifest: async () => place.manifest(outer) });
    expect(await buildStatementsWithin(cyclic, other, image)).toEqual([]);
    expect(place.served.length).toBeLessThan(20);
  });

  it('asks nothing more about an image without an index', async () => {
    const place = new Repository();
    await findingsOf(place);
    expect(place.served).toEqual([]);
  });

  it.each<[string, (place: Repository) => string | undefined]>([
    ['a statement about another image', (place) => place.putIndex([statement(sbom('a'), { about: other })])],
    ['a statement that is no SBOM', (place) => place.putIndex([statement(sbom('a'), { isSaid: false })])],
    ['a statement of another platform', (place) => place.putIndex([statement(sbom('a'))], other)],
    [
      'a statement that a copy of the index lacks',
      (place) => {
        const layers = [statement(sbom('a'))];
        const index = place.putIndex(layers);
        place.remove(place.putManifest(layers).digest);
        return index;
      },
    ],
    [
      'a referrer of another image that the registry lists for this one',
      (place) => place.putReferrer([file('application/spdx+json', 'a')], 'application/spdx+json', other, image),
    ],
    ['an SBOM that is not in JSON', (place) => place.putReferrer([file('text/spdx', 'a')], 'text/spdx')],
  ])('ignores %s', async (_, put) => {
    const place = new Repository();
    const { differing, warnings, found } = await findingsOf(place, put(place));
    expect([differing, warnings, found]).toEqual([[], [], []]);
  });

  it.each([
    ['no JSON', '{'],
    ['no object', 'null'],
    ['an endless document', '['.repeat(900_000)],
    ['a document of many values', `[${'{},'.repeat(sbomLimits.maxValues)}{}]`],
  ])('warns about %s, and compares the others', async (_, content) => {
    const place = new Repository();
    place.putReferrer([{ mediaType: 'application/spdx+json', content }], 'application/spdx+json');
    place.putReferrer([file('application/spdx+json', 'a')], 'application/spdx+json');
    expect(await findingsOf(place)).toMatchObject({
      isComplete: true,
      warnings: [{ code: 'PROVENANCE_UNREADABLE' }],
      differing: [['referrer', ['b', 'c']]],
    });
  });

  it('reads a bounded number of SBOMs, that of the builder first', async () => {
    const place = new Repository();
    const index = place.putIndex([statement(sbom('a', 'b'))]);
    place.putReferrer([file('application/spdx+json', 'a'.repeat(sbomLimits.maxSbomBytes))], 'application/spdx+json');
    for (let index = 0; index < 60; index += 1)
      place.putReferrer([file('application/spdx+json', 'a', `${index}`)], 'application/spdx+json');
    const { warnings, differing } = await findingsOf(place, index);
    expect(warnings).toMatchObject([{ code: 'PROVENANCE_CUT' }]);
    expect(differing).toEqual([
      ['buildkit', ['c']],
      ['referrer', ['b', 'c']],
    ]);
    // The index, the manifest in it, and those of the referrers.
    expect(place.served).toHaveLength(2 + 61 + sbomLimits.maxSboms);
  });

  it('reports a registry that does not answer as incomplete', async () => {
    const place = new Repository();
    place.putReferrer([file('application/spdx+json', 'a')], 'application/spdx+json');
    place.blob = () => {
      throw new Unavailable('REGISTRY_UNAVAILABLE', 'down');
    };
    expect(await findingsOf(place)).toMatchObject({ isComplete: false, findings: [] });
  });
});
