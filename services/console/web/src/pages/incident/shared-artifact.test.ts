import { sharedArtifact } from './shared-artifact.js';

describe('sharedArtifact', () => {
  const value = '6bb9f1c04a2d'.padEnd(64, '0');

  it.each([
    [`secret ${value}`, 'secret 6bb9f1c04a2d', { by: 'secret', value }],
    [`sha256 ${value}`, 'file 6bb9f1c04a2d', { by: 'file', value: `sha256:${value}` }],
    ['destination 203.0.113.9', 'destination 203.0.113.9', null],
    ['secret not a fingerprint', 'secret not a fingerprint', null],
  ])('of %j is %j', (share, text, search) => {
    expect(sharedArtifact(share)).toEqual({ text, search });
  });
});
