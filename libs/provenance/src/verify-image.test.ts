import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

import { brokenCopies, hostileJson, replaceValue, type SigningAuthority, signingAuthority } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import type { Artifact } from './artifact.js';
import { readTrust, type Trust } from './trust.js';
import { verifyImage } from './verify-image.js';

const image = `sha256:${'a'.repeat(64)}`;
const other = `sha256:${'b'.repeat(64)}`;
const manifest = `sha256:${'c'.repeat(64)}`;
const types = {
  simpleSigning: 'application/vnd.dev.cosign.simplesigning.v1+json',
  envelope: 'application/vnd.dsse.envelope.v1+json',
  bundle: 'application/vnd.dev.sigstore.bundle.v0.3+json',
};
const inToto = 'application/vnd.in-toto+json';

interface Pair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const unknownKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const trust = trustIn(pair);

function trustIn(...pairs: readonly Pair[]): Trust {
  const pem = ({ publicKey }: Pair) => publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return readTrust(pairs.map((each, index) => ({ name: `key-${index}`, key: pem(each) })));
}

function payload(digest: string, type = 'cosign container image signature'): Buffer {
  const critical = { identity: { 'docker-reference': '' }, image: { 'docker-manifest-digest': digest }, type };
  return Buffer.from(JSON.stringify({ critical, optional: null }));
}

function simpleSigning(content: Buffer, signature: Buffer | string, more: Record<string, string> = {}): Artifact {
  const annotations = { 'dev.cosignproject.cosign/signature': signature.toString('base64'), ...more };
  return { manifest, mediaType: types.simpleSigning, annotations, content };
}

function signedImage(digest: string, key: KeyObject, algorithm: string | null = 'sha256'): Artifact {
  return simpleSigning(payload(digest), sign(algorithm, payload(digest), key));
}

function statement(digest: string, predicateType: string, predicate: unknown): Buffer {
  const subject = [{ name: 'shop/app', digest: { sha256: digest.slice('sha256:'.length) } }];
  return Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate }));
}

function pae(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${inToto.length} ${inToto} ${body.length} `), body]);
}

function dsse(body: Buffer, key: KeyObject, algorithm: string | null = 'sha256') {
  const signatures = [{ keyid: '', sig: sign(algorithm, pae(body), key).toString('base64') }];
  return { payloadType: inToto, payload: body.toString('base64'), signatures };
}

function envelope(body: Buffer, key: KeyObject): Artifact {
  const content = Buffer.from(JSON.stringify(dsse(body, key)));
  return { manifest, mediaType: types.envelope, annotations: {}, content };
}

function bundle(dsseEnvelope: unknown, hint = '', mediaType = types.bundle): Artifact {
  const content = { mediaType, verificationMaterial: { publicKey: { hint } }, dsseEnvelope };
  return { manifest, mediaType, annotations: {}, content: Buffer.from(JSON.stringify(content)) };
}

function hintOf({ publicKey }: Pair): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

/** Returns the signer of the only artifact, or the code of its failure. */
function outcome(artifact: Artifact, by = trust, digest = image) {
  const { signatures, attestations } = verifyImage(digest, [artifact], by);
  const [only] = [...signatures, ...attestations];
  return only?.verified === true ? only.signer?.name : only?.code;
}

const slsa1 = {
  buildDefinition: {
    buildType: 'https://example.com/build/v1',
    externalParameters: { workflow: { repository: 'https://git.example.com/shop/app', ref: 'refs/tags/v1' } },
    resolvedDependencies: [
      { uri: 'pkg:docker/golang@1.22', digest: { sha256: 'd'.repeat(64) } },
      { uri: 'git+https://git.example.com/shared/build@refs/heads/main', digest: { gitCommit: '1'.repeat(40) } },
      { uri: 'git+https://git.example.com/shop/app@refs/tags/v1', digest: { gitCommit: '2'.repeat(40) } },
    ],
  },
  runDetails: {
    builder: { id: 'https://builder.example.com/v1' },
    metadata: { startedOn: '2026-01-01T00:00:00Z', finishedOn: '2026-01-01T00:05:00Z' },
  },
};

describe('verifyImage, with keys', () => {
  it.each([
    ['ECDSA P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }), ['sha256']],
    ['ECDSA P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }), ['sha256', 'sha384']],
    ['ECDSA P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }), ['sha256', 'sha512']],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }), ['sha256', 'sha512']],
    ['Ed25519', generateKeyPairSync('ed25519'), [null]],
  ] as const)('accepts signatures by %s', (_, keys, digests) => {
    for (const digest of digests) {
      expect(outcome(signedImage(image, keys.privateKey, digest), trustIn(unknownKey, keys))).toBe('key-1');
      const attested = bundle(dsse(statement(image, 'https://slsa.dev/provenance/v1', slsa1), keys.privateKey, digest));
      expect(outcome(attested, trustIn(keys))).toBe('key-0');
      expect(outcome(attested, trustIn(unknownKey))).toBe('SIGNER_UNKNOWN');
    }
  });

  it('returns the signer and its key', () => {
    const { signatures, attestations } = verifyImage(image, [signedImage(image, pair.privateKey)], trust);
    expect(attestations).toEqual([]);
    const keyFingerprint = `sha256:${Buffer.from(hintOf(pair), 'base64').toString('hex')}`;
    const signer = { name: 'key-0', keyFingerprint, identity: null, issuer: null };
    expect(signatures).toEqual([
      { verified: true, code: null, reason: null, signer, subject: image, artifact: manifest },
    ]);
  });

  it.each([
    ['by another key', signedImage(image, unknownKey.privateKey), 'SIGNER_UNKNOWN'],
    ['of another image', signedImage(other, pair.privateKey), 'SUBJECT_MISMATCH'],
    [
      'moved to another payload',
      simpleSigning(payload(image), sign('sha256', payload(other), pair.privateKey)),
      'SIGNER_UNKNOWN',
    ],
    ['missing', simpleSigning(payload(image), ''), 'UNSIGNED'],
    ['that is no signature', simpleSigning(payload(image), Buffer.from('x')), 'SIGNER_UNKNOWN'],
    ['of a payload that is no JSON', simpleSigning(Buffer.from('{'), 'x'), 'MALFORMED'],
    [
      'of a payload of another type',
      simpleSigning(payload(image, 'x'), sign('sha256', payload(image, 'x'), pair.privateKey)),
      'MALFORMED',
    ],
    ['too long', simpleSigning(payload(image), Buffer.alloc(100_000)), 'MALFORMED'],
  ])('rejects a signature %s', (_, artifact, code) => {
    expect(outcome(artifact)).toBe(code);
  });

  it('trusts no signer by default', () => {
    expect(outcome(signedImage(image, pair.privateKey), readTrust([]))).toBe('SIGNER_UNKNOWN');
  });

  it('accepts a bundle that signs the image', () => {
    const body = statement(image, 'https://sigstore.dev/cosign/sign/v1', {});
    const { signatures, attestations } = verifyImage(image, [bundle(dsse(body, pair.privateKey), hintOf(pair))], trust);
    expect(signatures).toMatchObject([{ verified: true }]);
    expect(attestations).toEqual([]);
  });
});

describe('verifyImage, with attestations', () => {
  it.each([
    ['an envelope', (body: Buffer) => envelope(body, pair.privateKey)],
    ['a bundle', (body: Buffer) => bundle(dsse(body, pair.privateKey), hintOf(pair))],
  ])('reads the provenance in %s', (_, wrap) => {
    const artifact = wrap(statement(image, 'https://slsa.dev/provenance/v1', slsa1));
    expect(verifyImage(image, [artifact], trust).attestations).toMatchObject([
      {
        kind: 'provenance',
        verified: true,
        predicateType: 'https://slsa.dev/provenance/v1',
        builder: 'https://builder.example.com/v1',
        source: 'https://git.example.com/shop/app',
        revision: '2'.repeat(40),
        builtAt: '2026-01-01T00:05:00Z',
      },
    ]);
  });

  it('ignores facts of untrusted attestations', () => {
    const artifact = envelope(statement(image, 'https://slsa.dev/provenance/v1', slsa1), unknownKey.privateKey);
    const facts = { builder: null, source: null, revision: null, builtAt: null, signer: null };
    expect(verifyImage(image, [artifact], trust).attestations).toMatchObject([
      { kind: 'provenance', verified: false, code: 'SIGNER_UNKNOWN', ...facts },
    ]);
  });

  it.each([
    ['https://spdx.dev/Document', 'sbom'],
    ['https://cyclonedx.org/bom', 'sbom'],
    ['https://cyclonedx.org/bom/v1.6', 'sbom'],
    ['https://openvex.dev/ns', 'vex'],
    ['https://openvex.dev/ns/v0.2.0', 'vex'],
    ['https://slsa.dev/provenance/v0.2', 'provenance'],
    ['https://cosign.sigstore.dev/attestation/v1', 'other'],
  ])('classifies %s as %s', (predicateType, kind) => {
    const artifact = envelope(statement(image, predicateType, {}), pair.privateKey);
    expect(verifyImage(image, [artifact], trust).attestations).toMatchObject([{ kind, verified: true, predicateType }]);
  });

  it('returns only VEX documents of trusted signers', () => {
    const document = { '@context': 'https://openvex.dev/ns/v0.2.0', statements: [] };
    const body = statement(image, 'https://openvex.dev/ns/v0.2.0', document);
    const artifacts = [pair, unknownKey].map(({ privateKey }) => envelope(body, privateKey));
    const { vex } = verifyImage(image, artifacts, trust);
    expect(vex).toMatchObject([{ signer: { name: 'key-0' }, artifact: manifest, document }]);
  });

  it('returns the SBOMs of trusted signers only', () => {
    const document = { bomFormat: 'CycloneDX', components: [] };
    const body = statement(image, 'https://cyclonedx.org/bom', document);
    const artifacts = [pair, unknownKey].map(({ privateKey }) => envelope(body, privateKey));
    const { sboms } = verifyImage(image, artifacts, trust);
    expect(sboms).toMatchObject([{ signer: { name: 'key-0' }, artifact: manifest, document }]);
  });

  const body = statement(image, 'https://slsa.dev/provenance/v1', slsa1);
  const good = dsse(body, pair.privateKey);
  const many = Array.from({ length: 5 }, () => good.signatures[0]);
  it.each([
    [
      'about another image',
      bundle(dsse(statement(other, 'https://slsa.dev/provenance/v1', slsa1), pair.privateKey)),
      'SUBJECT_MISMATCH',
    ],
    [
      'without a subject',
      envelope(Buffer.from(body.toString().replace('"subject"', '"object"')), pair.privateKey),
      'SUBJECT_MISMATCH',
    ],
    [
      'whose payload was replaced',
      bundle({ ...good, payload: statement(image, 'x', {}).toString('base64') }),
      'SIGNER_UNKNOWN',
    ],
    [
      'that names a key which did not make it',
      bundle(dsse(body, unknownKey.privateKey), hintOf(pair)),
      'SIGNATURE_INVALID',
    ],
    ['without a signature', envelopeOf({ ...good, signatures: [] }), 'UNSIGNED'],
    ['of too many signatures', envelopeOf({ ...good, signatures: many }), 'MALFORMED'],
    [
      'that is a bare statement',
      { ...envelopeOf({}), mediaType: 'application/vnd.in-toto+json', content: body },
      'UNSIGNED',
    ],
    ['that is no in-toto statement', envelopeOf({ ...good, payloadType: 'text/plain' }), 'UNSUPPORTED'],
    ['of endless lists', { ...envelopeOf({}), content: Buffer.from('['.repeat(2_000_000)) }, 'MALFORMED'],
    ['of an unknown statement', envelope(Buffer.from('{"_type":"https://example.com"}'), pair.privateKey), 'MALFORMED'],
    ['that is a bare bill of materials', { ...envelopeOf({}), mediaType: 'application/spdx+json' }, 'UNSIGNED'],
    ['in a bundle of no version', bundle(good, '', 'application/vnd.dev.sigstore.bundle.v9+json'), 'UNSUPPORTED'],
  ])('rejects an attestation %s', (_, artifact, code) => {
    expect(outcome(artifact)).toBe(code);
  });

  it('accepts any one signature of an envelope', () => {
    const signatures = [...dsse(body, unknownKey.privateKey).signatures, ...good.signatures];
    expect(outcome(envelopeOf({ ...good, signatures }))).toBe('key-0');
  });
});

describe('verifyImage, with certificates', () => {
  const authority = signingAuthority();
  const workflow = 'https://git.example.com/shop/app/.ci/release.yml@refs/tags/v1.2.3';
  const issuer = 'https://token.example.com';
  const [from, until, during, after] = [
    '2026-01-01T10:00:00Z',
    '2026-01-01T10:10:00Z',
    '2026-01-01T10:05:00Z',
    '2026-01-01T11:00:00Z',
  ];
  const release = authority.issue({ identity: workflow, issuer, from, until });

  const by = (identity: string, from = issuer, trustedRoot = authority.trustedRoot) =>
    readTrust([{ name: 'release', identity, issuer: from, trustedRoot }]);

  function signed(by: { at?: string; digest?: string; claims?: string; log?: SigningAuthority } = {}): Artifact {
    const { at = during, digest = image, claims = digest, log = authority } = by;
    const content = payload(digest);
    const signature = sign('sha256', content, release.privateKey);
    const value = createHash('sha256').update(payload(claims)).digest('hex');
    const publicKey = { content: Buffer.from(release.pem).toString('base64') };
    const spec = {
      data: { hash: { algorithm: 'sha256', value } },
      signature: { content: signature.toString('base64'), publicKey },
    };
    const entry = log.log({ apiVersion: '0.0.1', kind: 'hashedrekord', spec }, at);
    return simpleSigning(content, signature, {
      'dev.sigstore.cosign/certificate': release.pem,
      'dev.sigstore.cosign/bundle': JSON.stringify(entry),
    });
  }

  it('returns the identity and its issuer', () => {
    const { signatures } = verifyImage(image, [signed()], by(workflow));
    const signer = { name: 'release', keyFingerprint: null, identity: workflow, issuer };
    expect(signatures).toMatchObject([{ verified: true, signer }]);
  });

  it.each([
    'https://git.example.com/shop/app/.ci/release.yml@refs/tags/*',
    'https://git.example.com/*/.ci/*@refs/tags/v1.*',
    '*',
  ])('accepts %s as the identity', (pattern) => {
    expect(outcome(signed(), by(pattern))).toBe('release');
  });

  it.each([
    'https://git.example.com/shop',
    'https://git.example.com/shop/app/.ci/release.yml@refs/heads/*',
    'https://git.example.com/*v1.2.3*v1.2.3',
    '.*',
    workflow.slice(1),
    '',
  ])('rejects %s as the identity', (pattern) => {
    expect(outcome(signed(), by(pattern))).toBe('IDENTITY_MISMATCH');
  });

  it.each([
    ['of another issuer', signed(), by(workflow, 'https://token.example.org'), 'IDENTITY_MISMATCH'],
    ['made after the certificate had expired', signed({ at: after }), by(workflow), 'CERTIFICATE_UNTRUSTED'],
    ['of a foreign authority', signed(), by(workflow, issuer, signingAuthority().trustedRoot), 'CERTIFICATE_UNTRUSTED'],
    ['that another log holds', signed({ log: signingAuthority() }), by(workflow), 'LOG_UNVERIFIED'],
    ['whose log entry is about something else', signed({ claims: other }), by(workflow), 'LOG_UNVERIFIED'],
    ['about another image', signed({ digest: other }), by(workflow), 'SUBJECT_MISMATCH'],
    ['without a log entry', without('bundle'), by(workflow), 'TIMESTAMP_UNVERIFIED'],
    ['of an identity that is not configured', signed(), trust, 'SIGNER_UNKNOWN'],
    [
      'with a certificate that is none',
      { ...signed(), annotations: { ...signed().annotations, 'dev.sigstore.cosign/certificate': 'x' } },
      by(workflow),
      'MALFORMED',
    ],
  ])('rejects a certificate %s', (_, artifact, whom, code) => {
    expect(outcome(artifact, whom)).toBe(code);
  });

  function without(name: string): Artifact {
    const artifact = signed();
    const annotations = Object.entries(artifact.annotations).filter(([key]) => !key.endsWith(`/${name}`));
    return { ...artifact, annotations: Object.fromEntries(annotations) };
  }

  it('accepts a root over several lines', () => {
    const roots = `${signingAuthority().trustedRoot}\n${authority.trustedRoot}\n`;
    expect(outcome(signed(), by(workflow, issuer, roots))).toBe('release');
  });

  it('requires the proofs that the root lists: a certificate log', () => {
    const root = JSON.parse(authority.trustedRoot) as { tlogs: unknown[]; ctlogs: unknown[] };
    const trustedRoot = JSON.stringify({ ...root, ctlogs: root.tlogs });
    expect(outcome(signed(), by(workflow, issuer, trustedRoot))).toBe('CERTIFICATE_UNTRUSTED');
  });

  it('reads the log entry of an attestation', () => {
    const body = statement(image, 'https://slsa.dev/provenance/v1', slsa1);
    const dsseEnvelope = dsse(body, release.privateKey);
    const value = createHash('sha256').update(body).digest('hex');
    const signatures = [{ signature: dsseEnvelope.signatures[0]?.sig, verifier: '' }];
    const spec = { payloadHash: { algorithm: 'sha256', value }, signatures };
    const entry = authority.log({ apiVersion: '0.0.1', kind: 'dsse', spec }, during);
    const annotations = {
      'dev.sigstore.cosign/certificate': release.pem,
      'dev.sigstore.cosign/bundle': JSON.stringify(entry),
    };
    expect(outcome({ ...envelopeOf(dsseEnvelope), annotations }, by(workflow))).toBe('release');
  });

  it('rejects any log entry with one value replaced', () => {
    const artifact = signed();
    const entry = JSON.parse(artifact.annotations['dev.sigstore.cosign/bundle'] ?? '') as object;
    fc.assert(
      // The promise of the log, its payload, and the four values of that.
      fc.property(fc.nat(6), hostileJson, (nth, odd) => {
        const annotations = { ...artifact.annotations, 'dev.sigstore.cosign/bundle': replaceValue(entry, nth, odd) };
        const { signatures } = verifyImage(image, [{ ...artifact, annotations }], by(workflow));
        expect(signatures).toMatchObject([{ verified: false }]);
      }),
    );
  });

  it('rejects any broken certificate', () => {
    const artifact = signed();
    const certificate = Buffer.from(release.pem.replaceAll(/-----.*-----|\n/g, ''), 'base64');
    fc.assert(
      fc.property(brokenCopies(certificate), (broken) => {
        const pem = `-----BEGIN CERTIFICATE-----\n${broken.toString('base64')}\n-----END CERTIFICATE-----`;
        const annotations = { ...artifact.annotations, 'dev.sigstore.cosign/certificate': pem };
        const { signatures } = verifyImage(image, [{ ...artifact, annotations }], by(workflow));
        expect(signatures).toMatchObject([{ verified: false }]);
      }),
    );
  });
});

describe('verifyImage, with hostile artifacts', () => {
  const body = statement(image, 'https://slsa.dev/provenance/v1', slsa1);
  const samples: [string, object][] = [
    [types.envelope, dsse(body, pair.privateKey)],
    [types.bundle, JSON.parse(bundle(dsse(body, pair.privateKey)).content.toString()) as object],
    [types.simpleSigning, JSON.parse(payload(image).toString()) as object],
  ];

  it.each(samples)('rejects any %s', (mediaType, sample) => {
    const annotations = { 'dev.cosignproject.cosign/signature': 'eA==' };
    fc.assert(
      fc.property(fc.nat(20), hostileJson, (nth, by) => {
        const content = Buffer.from(replaceValue(sample, nth, by));
        const { signatures, attestations } = verifyImage(image, [{ manifest, mediaType, annotations, content }], trust);
        expect([...signatures, ...attestations]).toHaveLength(1);
      }),
    );
  });

  it('accepts any signed predicate', () => {
    fc.assert(
      fc.property(fc.nat(25), hostileJson, (nth, by) => {
        const predicate: unknown = JSON.parse(replaceValue(slsa1, nth, by));
        const artifact = envelope(statement(image, 'https://slsa.dev/provenance/v1', predicate), pair.privateKey);
        expect(verifyImage(image, [artifact], trust).attestations).toMatchObject([{ verified: true }]);
      }),
    );
  });
});

function envelopeOf(document: unknown): Artifact {
  return { manifest, mediaType: types.envelope, annotations: {}, content: Buffer.from(JSON.stringify(document)) };
}
