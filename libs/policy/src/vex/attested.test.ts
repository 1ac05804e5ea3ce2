import { attestedStatements } from './attested.js';

const signer = { name: 'release', keyFingerprint: 'sha256:0', identity: null, issuer: null };
const document = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://example.com/vex/1',
  author: 'security@example.com',
  timestamp: '2026-01-01T00:00:00Z',
  version: 1,
  statements: [
    {
      vulnerability: { name: 'CVE-2026-1001' },
      products: [{ '@id': 'pkg:deb/debian/openssl' }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
    },
  ],
};

describe('attestedStatements', () => {
  it('reads an attested document and names its signer', () => {
    const { statements, warnings } = attestedStatements([{ signer, artifact: 'sha256:1', document }]);
    expect(warnings).toEqual([]);
    expect(statements).toMatchObject([{ status: 'not_affected', source: 'attestation of release' }]);
  });

  it.each([undefined, null, 7, [], {}, { '@context': 'https://openvex.dev/ns', statements: 'x' }])(
    'warns about %j and reads the others',
    (broken) => {
      const documents = [broken, document].map((each) => ({ signer, artifact: 'sha256:1', document: each }));
      const { statements, warnings } = attestedStatements(documents);
      expect(statements).toHaveLength(1);
      expect(warnings).toMatchObject([{ code: 'VEX_INVALID' }]);
    },
  );
});
