import { parseReferrers } from './referrers.js';

const good = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${'a'.repeat(64)}`, size: 2 };

function listed(manifests: unknown): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
}

describe('parseReferrers', () => {
  it('parses a list of referrers', () => {
    const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
    expect(parseReferrers(listed([{ ...good, artifactType }]))).toEqual([{ ...good, artifactType }]);
  });

  it('drops entries that are no descriptors', () => {
    const bad = [
      null,
      7,
      'x',
      [],
      {},
      { ...good, digest: 'sha256:x' },
      { ...good, size: -1 },
      { ...good, mediaType: 3 },
    ];
    expect(parseReferrers(listed([...bad, good]))).toEqual([good]);
  });

  it('accepts a list of thousands', () => {
    expect(parseReferrers(listed(Array.from({ length: 10_000 }, () => good)))).toHaveLength(10_000);
  });

  it.each([
    ['no list', listed({})],
    ['no JSON', Buffer.from('{')],
    ['too large', Buffer.alloc(5 * 1024 * 1024, 0x20)],
  ])('rejects %s', (_, bytes) => {
    expect(() => parseReferrers(bytes)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/MANIFEST_INVALID|LIMIT_EXCEEDED/) }),
    );
  });
});
