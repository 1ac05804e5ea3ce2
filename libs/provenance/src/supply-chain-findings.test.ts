import type { Signature } from '@tidewaiter/domain';

import { isReleaseTag, movedTagFinding, sameRevisionFinding, unsignedFinding } from './supply-chain-findings.js';

const digest = `sha256:${'a'.repeat(64)}`;
const refused: Signature = {
  verified: false,
  code: 'SIGNER_UNKNOWN',
  reason: 'no configured key made it',
  signer: null,
  subject: digest,
  artifact: digest,
};
const signer = { name: 'ci', keyFingerprint: digest, identity: null, issuer: null };
const verified: Signature = { ...refused, verified: true, code: null, reason: null, signer };
const facts = {
  kind: 'other',
  predicateType: null,
  builder: null,
  source: null,
  revision: null,
  builtAt: null,
} as const;

it.each([
  ['nothing', { signatures: [], attestations: [] }, true],
  ['a stranger', { signatures: [refused], attestations: [{ ...refused, ...facts }] }, true],
  ['a signer, among strangers', { signatures: [refused, verified], attestations: [] }, false],
  ['a signer who states something', { signatures: [], attestations: [{ ...verified, ...facts }] }, false],
])('with %s, an image is unsigned: %s', (_, provenance, isUnsigned) => {
  expect(unsignedFinding('shop/app', provenance, ['ci'], true)).toHaveLength(isUnsigned ? 1 : 0);
});

it('says which signer was expected, and how sure it is', () => {
  const [certain] = unsignedFinding('shop/app', { signatures: [refused], attestations: [] }, ['ci', 'release'], true);
  expect(certain).toMatchObject({
    kind: 'supply-chain',
    id: 'image-unsigned',
    severity: 'high',
    confidence: 'certain',
    title: 'Not signed by any of ci, release',
    evidence: { repository: 'shop/app', signers: ['ci', 'release'], found: 1, refused: ['SIGNER_UNKNOWN'] },
  });
  const [unsure] = unsignedFinding('shop/app', { signatures: [], attestations: [] }, ['ci'], false);
  expect(unsure).toMatchObject({ title: 'Not signed by ci', confidence: 'possible' });
  expect(unsure?.fingerprint).toBe(certain?.fingerprint);
});

it('tells moved tags and revisions apart by repository', () => {
  const before = { digest, pushedAt: '2026-01-01T00:00:00Z' };
  const findings = ['shop/app', 'shop/web'].flatMap((repository) => [
    movedTagFinding(repository, '1.2.3', before),
    movedTagFinding(repository, '1.2.4', before),
    sameRevisionFinding(repository, 'abcdef0', false, before),
  ]);
  expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(6);
});

it.each(['1.2.3', 'v1.2.3', '1.2.3-rc.1', '1.2.3+build.5', '2026.11.25', '1.2.3-alpine3.20', '1.2.3.4'])(
  '%s is a release',
  (tag) => expect(isReleaseTag(tag)).toBe(true),
);

it.each(['1', '1.2', 'v1', 'latest', '1.2.x', 'main-1.2.3', 'sha-abcdef', ''])('%j is none', (tag) => {
  expect(isReleaseTag(tag)).toBe(false);
});
