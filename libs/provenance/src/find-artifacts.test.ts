import { createHash } from 'node:crypto';

import { InvalidInput, NotFound, Unavailable } from '@tidewaiter/domain';
import type { Descriptor } from '@tidewaiter/oci';

import { type ArtifactPlace, findArtifacts } from './find-artifacts.js';
import { provenanceLimits } from './limits.js';

const image = `sha256:${'a'.repeat(64)}`;
const tag = (suffix: string) => `sha256-${'a'.repeat(64)}.${suffix}`;
const signatureType = 'application/vnd.dev.cosign.simplesigning.v1+json';
const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf('{}'), size: 2 };

function digestOf(content: Buffer | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Repository with these contents that counts its requests. */
class Repository implements ArtifactPlace {
  readonly #manifests = new Map<string, Buffer>();
  readonly #blobs = new Map<string, Buffer>();
  readonly list: Descriptor[] = [];
  asked = 0;

  manifestOf(
    layers: { mediaType: string; content: string; annotations?: Record<string, string> }[],
    reference = '',
  ): Descriptor {
    const descriptors = layers.map(({ content, ...layer }) => {
      this.#blobs.set(digestOf(content), Buffer.from(content));
      return { ...layer, digest: digestOf(content), size: content.length };
    });
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: descriptors }));
    for (const name of [reference, digestOf(bytes)]) this.#manifests.set(name, bytes);
    return { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digestOf(bytes), size: bytes.length };
  }

  referrers(): Promise<Descriptor[]> {
    return Promise.resolve(this.list);
  }

  manifest(reference: string): Promise<{ digest: string; mediaType: string; bytes: Buffer }> {
    this.asked += 1;
    const bytes = this.#manifests.get(reference);
    if (!bytes) return Promise.reject(new NotFound('MANIFEST_UNKNOWN', `no ${reference}`));
    return Promise.resolve({ digest: digestOf(bytes), mediaType: '', bytes });
  }

  async *blob({ digest }: { digest: string }): AsyncGenerator<Uint8Array> {
    this.asked += 1;
    const content = await Promise.resolve(this.#blobs.get(digest));
    if (content) yield content;
  }
}

describe('findArtifacts', () => {
  it('finds nothing in an empty repository, without a warning', async () => {
    expect(await findArtifacts(new Repository(), image)).toMatchObject({ artifacts: [], warnings: [] });
  });

  it('finds artifacts by tag and by referrer, each once', async () => {
    const place = new Repository();
    const signature = {
      mediaType: signatureType,
      content: 'a',
      annotations: { 'dev.cosignproject.cosign/signature': 'eA==' },
    };
    place.manifestOf(
      [signature, { ...signature, annotations: { 'dev.cosignproject.cosign/signature': 'eQ==' } }],
      tag('sig'),
    );
    place.manifestOf([{ mediaType: 'application/vnd.dsse.envelope.v1+json', content: 'b' }], tag('att'));
    place.manifestOf([{ mediaType: 'text/spdx+json', content: 'c' }], tag('sbom'));
    // The second has no type: clients of OCI 1.0 write none.
    place.list.push({ ...place.manifestOf([{ mediaType: bundleType, content: 'd' }]), artifactType: bundleType });
    place.list.push(place.manifestOf([signature]));
    const { artifacts, warnings } = await findArtifacts(place, image);
    expect(warnings).toEqual([]);
    expect(artifacts.map(({ content }) => content.toString())).toEqual(['a', 'a', 'b', '', 'd']);
  });

  it('skips foreign artifact types', async () => {
    const place = new Repository();
    const chart = place.manifestOf([{ mediaType: 'application/vnd.example.chart', content: 'x' }]);
    place.list.push({ ...chart, artifactType: 'application/vnd.example.chart' });
    place.manifestOf([{ mediaType: 'application/vnd.oci.image.layer.v1.tar', content: 'x' }], tag('sig'));
    expect(await findArtifacts(place, image)).toMatchObject({ artifacts: [], warnings: [] });
    // The three tags, of which one exists; no blob, and not the chart.
    expect(place.asked).toBe(3);
  });

  it('limits the manifests that it reads', async () => {
    const place = new Repository();
    for (let index = 0; index < 5_000; index += 1) {
      const descriptor = place.manifestOf([{ mediaType: bundleType, content: `{"index":${index}}` }]);
      place.list.push({ ...descriptor, artifactType: bundleType });
    }
    const { artifacts, warnings } = await findArtifacts(place, image);
    expect(artifacts).toHaveLength(provenanceLimits.maxManifests);
    expect(warnings).toMatchObject([{ code: 'PROVENANCE_CUT' }]);
    expect(place.asked).toBeLessThan(3 + 2 * provenanceLimits.maxManifests + 1);
  });

  it('limits the artifacts of one manifest', async () => {
    const place = new Repository();
    const layers = Array.from({ length: 500 }, (_, index) => ({ mediaType: bundleType, content: `${index}` }));
    place.manifestOf(layers, tag('att'));
    const { artifacts, warnings } = await findArtifacts(place, image);
    expect(artifacts).toHaveLength(provenanceLimits.maxArtifacts);
    expect(warnings).toMatchObject([{ code: 'PROVENANCE_CUT' }]);
  });

  it('skips artifacts above the size limit', async () => {
    const place = new Repository();
    const large = { mediaType: bundleType, content: 'x'.repeat(provenanceLimits.maxArtifactBytes + 1) };
    place.manifestOf([large, { mediaType: bundleType, content: 'y' }], tag('att'));
    const { artifacts, warnings } = await findArtifacts(place, image);
    expect(artifacts.map(({ content }) => content.toString())).toEqual(['y']);
    expect(warnings).toMatchObject([{ code: 'PROVENANCE_CUT' }]);
  });

  it.each([
    ['goes on after what cannot be read', new InvalidInput('DIGEST_MISMATCH', 'forged'), 4],
    ['gives a registry up that does not answer', new Unavailable('REGISTRY_UNAVAILABLE', 'down'), 3],
  ])('%s', async (_, error, asked) => {
    const place = new Repository();
    place.list.push(place.manifestOf([]));
    place.manifest = () => {
      place.asked += 1;
      return Promise.reject(error);
    };
    const { artifacts, warnings } = await findArtifacts(place, image);
    expect(artifacts).toEqual([]);
    expect(warnings).toEqual([{ code: 'PROVENANCE_UNREADABLE', path: null, message: error.message }]);
    expect(place.asked).toBe(asked);
  });
});
