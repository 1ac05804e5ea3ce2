import { generateKeyPairSync } from 'node:crypto';

import { mayHoldPublicKeys, publicKeyOfPrivate, publicKeysIn } from './key-pairs.js';

const string = (bytes: Buffer) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const strings = (...parts: (Buffer | string)[]) =>
  Buffer.concat(parts.map((part) => string(Buffer.isBuffer(part) ? part : Buffer.from(part))));
const number = (value: string | undefined) => Buffer.from(value ?? '', 'base64url');

function pairOf(kind: 'rsa' | 'ec' | 'ed25519') {
  const options = { modulusLength: 1024, namedCurve: 'P-256' };
  const { publicKey, privateKey } = generateKeyPairSync(kind as 'rsa', options);
  const { n, e, x, y } = publicKey.export({ format: 'jwk' });
  const blob = {
    rsa: () => strings('ssh-rsa', number(e), Buffer.concat([Buffer.alloc(1), number(n)])),
    ec: () => strings('ecdsa-sha2-nistp256', 'nistp256', Buffer.concat([Buffer.from([4]), number(x), number(y)])),
    ed25519: () => strings('ssh-ed25519', number(x)),
  }[kind]();
  const der = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  return { pem: String(publicKey.export({ format: 'pem', type: 'spki' })), blob, der };
}

describe('publicKeysIn', () => {
  it.each(['rsa', 'ec', 'ed25519'] as const)('identifies the public key of a private key of %s', (kind) => {
    const { pem, blob, der } = pairOf(kind);
    const identity = publicKeyOfPrivate('PRIVATE KEY', der);
    expect(identity).toMatch(/^[0-9a-f]{32}$/);
    expect(publicKeysIn(Buffer.from(`# ours\n${pem}`))).toEqual([identity]);
    const type = blob.toString('latin1', 4, 4 + blob.readUInt32BE(0));
    expect(publicKeysIn(Buffer.from(`from="10.0.0.1" ${type} ${blob.toString('base64')} me\n`))).toEqual([identity]);
    const open = Buffer.concat([Buffer.from('openssh-key-v1\0'), strings('none', 'none', ''), Buffer.alloc(4, 1)]);
    const key = Buffer.concat([open, string(blob), string(Buffer.alloc(80, 7))]).toString('base64');
    expect(publicKeyOfPrivate('OPENSSH PRIVATE KEY', key)).toBe(identity);
    expect(publicKeyOfPrivate('PRIVATE KEY', pairOf(kind).der)).not.toBe(identity);
  });

  it('reads broken keys as none', () => {
    expect(publicKeyOfPrivate('RSA PRIVATE KEY', 'MIIB')).toBeUndefined();
    expect(publicKeyOfPrivate('OPENSSH PRIVATE KEY', '////')).toBeUndefined();
    const broken = `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\nssh-rsa AAAA${'A'.repeat(60)}\n`;
    expect(publicKeysIn(Buffer.from(broken))).toEqual([]);
  });

  it.each([
    ['etc/nginx/tls.crt', 4_000, true],
    ['root/.ssh/authorized_keys', 400, true],
    ['root/.ssh/id_rsa.pub', 400, true],
    ['etc/nginx/tls.crt', 4_000_000, false],
    ['etc/passwd', 400, false],
  ])('decides whether %s of %d bytes may hold some: %s', (path, size, expected) => {
    expect(mayHoldPublicKeys(path, size)).toBe(expected);
  });
});
