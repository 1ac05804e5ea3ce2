import { redactDocument } from './redact-document.js';

const secret = `Zq${'7kTw9Rb2'.repeat(4)}`;
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  predicateType: 'https://slsa.dev/provenance/v1',
  subject: [{ name: 'shop', digest: { sha256: 'ab'.repeat(32) } }],
  predicate: { buildDefinition: { externalParameters: { 'build-arg:DB_PASSWORD': secret } } },
};
const bytesOf = (document: object) => Buffer.from(JSON.stringify(document));
const redacted = (document: object) => JSON.parse(redactDocument(bytesOf(document)).toString()) as typeof statement;
const envelopeOf = (document: object) => ({
  payloadType: 'application/vnd.in-toto+json',
  payload: bytesOf(document).toString('base64'),
  signatures: [{ keyid: 'c0ffee', sig: `MEUCIQ${'Ab3'.repeat(20)}=` }],
});

describe('redactDocument', () => {
  it('masks a build argument of provenance and keeps the rest', () => {
    const { predicate, ...rest } = redacted(statement);
    expect(JSON.stringify(predicate)).toMatch(/"build-arg:DB_PASSWORD":"Zq7k\*+"/);
    expect(rest).toEqual({ ...statement, predicate: undefined });
  });

  it.each([
    ['an envelope', (inner: object) => envelopeOf(inner)],
    ['a bundle', (inner: object) => ({ dsseEnvelope: envelopeOf(inner), verificationMaterial: {} })],
  ])('masks the payload of %s and keeps its signatures', (_, wrapped) => {
    const text = JSON.stringify(redacted(wrapped(statement)));
    const payload = /"payload":"([^"]+)"/.exec(text)?.[1] ?? '';
    expect(Buffer.from(payload, 'base64').toString()).toContain('"Zq7k****');
    expect(Buffer.from(payload, 'base64').toString()).not.toContain(secret);
    expect(text).toContain('"sig":"MEUCIQAb3');
  });

  it.each([
    ['a statement', { ...statement, predicate: { builder: { id: 'https://ci.example.com/builder' } } }],
    ['an envelope', envelopeOf({ ...statement, predicate: {} })],
  ])('returns the same bytes of %s without secrets', (_, document) => {
    const content = bytesOf(document);
    expect(redactDocument(content)).toBe(content);
  });

  it('leaves JSON where a secret begins with an escaped character', () => {
    expect(() => redacted({ password: `"\\"${secret}`, note: `a${'"'.repeat(9)}` })).not.toThrow();
  });

  it('finds a secret anywhere in a document of many parts', () => {
    const components = Array.from({ length: 2_000 }, (_, nth) => ({
      name: `lib-${nth}`,
      downloadLocation: `https://bot:${secret}${nth}@packages.example.com/lib-${nth}`,
    }));
    expect(redactDocument(bytesOf({ components })).toString()).not.toContain(secret);
  });
});
