import { TidewaiterError } from '@tidewaiter/domain';
import { hostileJson, replaceValue } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { attestationType, readClaimedAttestation } from './claimed-attestation.js';

const digest = `sha256:${'a'.repeat(64)}`;
const statementOf = (
  predicateType: string,
  predicate: object,
  subject: unknown = [{ digest: { sha256: 'a'.repeat(64) } }],
) => ({
  _type: 'https://in-toto.io/Statement/v1',
  predicateType,
  subject,
  predicate,
});
const envelopeOf = (statement: object) => ({
  payloadType: 'application/vnd.in-toto+json',
  payload: Buffer.from(JSON.stringify(statement)).toString('base64'),
  signatures: [],
});
const read = (document: object) =>
  readClaimedAttestation(Buffer.from(JSON.stringify(document)), attestationType(document) ?? '');

const provenance = statementOf('https://slsa.dev/provenance/v1', {
  buildDefinition: {
    resolvedDependencies: [
      { uri: 'git+https://git.example.com/acme/app@refs/heads/main', digest: { gitCommit: 'c0ffee' } },
    ],
  },
  runDetails: {
    builder: { id: 'https://ci.example.com/builder' },
    metadata: { invocationId: 'https://ci.example.com/runs/7', finishedOn: '2026-01-02T03:04:05Z' },
  },
});

describe('attestationType', () => {
  it.each([
    ['bare', provenance, 'application/vnd.in-toto+json'],
    ['in an envelope', envelopeOf(provenance), 'application/vnd.dsse.envelope.v1+json'],
    [
      'in a bundle',
      {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: { publicKey: { hint: 'a' } },
        dsseEnvelope: { ...envelopeOf(provenance), signatures: [{ sig: 'AAAA' }] },
      },
      'application/vnd.dev.sigstore.bundle.v0.3+json',
    ],
  ])('parses a statement %s, from any signer', (_, document, mediaType) => {
    expect(read(document)).toMatchObject({
      mediaType,
      kind: 'provenance',
      subjects: [digest],
      builder: 'https://ci.example.com/builder',
      run: {
        url: 'https://ci.example.com/runs/7',
        id: null,
        source: 'https://git.example.com/acme/app',
        revision: 'c0ffee',
        finishedAt: '2026-01-02T03:04:05Z',
      },
    });
  });

  it.each([
    ['https://cyclonedx.org/bom', 'sbom'],
    ['https://openvex.dev/ns/v0.2.0', 'vex'],
    ['https://example.com/custom', 'other'],
  ])('reads no run from %s', (predicateType, kind) => {
    const claimed = read(statementOf(predicateType, { builder: { id: 'x' } }));
    expect([claimed.kind, claimed.builder, Object.values(claimed.run).every((fact) => fact === null)]).toEqual([
      kind,
      null,
      true,
    ]);
  });

  it('skips subjects that are no images', () => {
    expect(
      read(statementOf('a', {}, [{ digest: { sha1: 'a' } }, 7, { digest: { sha256: 'a'.repeat(64) } }])).subjects,
    ).toEqual([digest]);
  });

  it.each([{}, { mediaType: 'application/json' }, { payloadType: 'a' }, { _type: 'a' }, { predicateType: 'a' }])(
    'returns null for %j',
    (document) => {
      expect(attestationType(document)).toBeNull();
    },
  );

  it('rejects content without a statement', () => {
    expect(() => read(statementOf('https://sigstore.dev/cosign/sign/v1', {}))).toThrow(TidewaiterError);
  });

  it('parses or rejects any statement', () => {
    fc.assert(
      fc.property(hostileJson, fc.nat(40), (value, at) => {
        const changed = JSON.parse(replaceValue(provenance, at, value)) as object;
        try {
          read(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(TidewaiterError);
        }
      }),
    );
  });
});
