import { sampleReport } from '../samples/sample-report.js';
import type { Report } from './report.js';
import { signedText } from './wording.js';

const { signatures, attestations } = sampleReport.provenance!;
const [signed, refused] = [signatures[0]!, signatures[1]!];
const [provenance] = [attestations[0]!];
const workflow = {
  name: 'ci',
  keyFingerprint: null,
  identity: 'https://git.example.com/shop/app/release.yml',
  issuer: '',
};
const noFacts = { builder: null, source: null, revision: null, builtAt: null };

describe('signedText', () => {
  it.each<[Report['provenance'], string | null]>([
    [null, null],
    [{ signatures: [], attestations: [] }, 'not signed by any configured signer'],
    [
      { signatures: [refused], attestations: [{ ...provenance, ...refused }] },
      'not signed by any configured signer (2 signatures refused: SIGNER_UNKNOWN)',
    ],
    [{ signatures: [refused, signed], attestations: [] }, 'signed by key release.pub'],
    [{ signatures: [{ ...signed, signer: workflow }], attestations: [] }, `signed by ${workflow.identity}`],
    [
      { signatures: [signed], attestations: [provenance] },
      'signed by key release.pub; built by https://builder.example.com/v1 from https://git.example.com/shop/app ' +
        'at revision 0123456789abcdef0123456789abcdef01234567 on 2026-01-02',
    ],
    [
      {
        signatures: [signed],
        attestations: (['sbom', 'vex', 'sbom'] as const).map((kind) => ({ ...provenance, ...noFacts, kind })),
      },
      'signed by key release.pub; also attested: sbom, vex',
    ],
    [{ signatures: [signed], attestations: [{ ...provenance, ...refused, ...noFacts }] }, 'signed by key release.pub'],
    [
      { signatures: [], attestations: [{ ...provenance, ...noFacts, source: 'https://git.example.com/\u001B[2J' }] },
      'signed by key release.pub; built from https://git.example.com/\uFFFD[2J',
    ],
  ])('formats %j as %s', (given, text) => {
    expect(signedText({ ...sampleReport, provenance: given })).toBe(text);
  });
});
