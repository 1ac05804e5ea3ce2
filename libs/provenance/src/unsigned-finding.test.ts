import type { Signature } from '@tidewaiter/domain';

import { unsignedFinding } from './unsigned-finding.js';

const digest = `sha256:${'a'.repeat(64)}`;
const refused: Signature = {
  verified: false,
  code: 'SIGNER_UNKNOWN',
  reason: 'not signed by a configured key',
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

describe('unsignedFinding', () => {
  it.each([
    ['nothing', { signatures: [], attestations: [] }, true],
    ['an unknown signer', { signatures: [refused], attestations: [{ ...refused, ...facts }] }, true],
    ['a required signer among unknown ones', { signatures: [refused, verified], attestations: [] }, false],
    ['a signer who states something', { signatures: [], attestations: [{ ...verified, ...facts }] }, false],
  ])('reports an unsigned image with %s: %s', (_, provenance, isUnsigned) => {
    expect(unsignedFinding('shop/app', provenance, ['ci'], true)).toHaveLength(isUnsigned ? 1 : 0);
  });

  it('names the required signers and the confidence', () => {
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
});
