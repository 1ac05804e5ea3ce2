import { generateKeyPairSync, X509Certificate } from 'node:crypto';

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

/** Certificates of `openssl req -x509`. */
const certificates = {
  rsa:
    'MIIB0TCCATqgAwIBAgIUfZlfAdWIkqCaawzBxp7JdoBnockwDQYJKoZIhvcNAQELBQAwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjky' +
    'MTE2MjRaGA8yMTI2MTEwNTIxMTYyNFowDDEKMAgGA1UEAwwBYTCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAxckOHXKvLOx6' +
    'vl7c837qGrdNilxlNuMS5cL+4xq0IirQyb3a9izfm16V+3fpx70SJDyG0v6YztxQ0MKvbxx6jEGk51SmotkzcdQcJ2Z8OkgCIoYR' +
    'EoixQTKyCNt1P6l4d+dDS71nSs9W/4Rg2+H96dtPSxzRz6THPsW73qMBXRUCAwEAAaMuMCwwHwYDVR0jBBgwFoAUYTPX7eTh4OUY' +
    'slIsm0kfHPqEW+kwCQYDVR0TBAIwADANBgkqhkiG9w0BAQsFAAOBgQBSzqr6ACZ7pxnkiV1puWjSc0fHzFTjXe+LeNOHT523jvxB' +
    'MAU2fsQY1e9Mzp01uPhlhBehMIWw+JRt0MyMiPK6f6P2jZ3WbG4VBbOYMlxAk3uEI1zl5gZF2J7vjjSQaT6pYL47R5/joVZK3IpZ' +
    'EaR+aAFl6TE+/5sK3kByAHp27g==',
  ec:
    'MIIBSjCB8KADAgECAhR6mmZ4xkN/YffR12LwqUjGh3EvPTAKBggqhkjOPQQDAjAMMQowCAYDVQQDDAFhMCAXDTI2MTEyOTIxMTYy' +
    'NFoYDzIxMjYxMTA1MjExNjI0WjAMMQowCAYDVQQDDAFhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEtqj9imdJhQp/f5/XNhYI' +
    'yaAxHS33a0bo3Tu0/Rb8VvIUn1+rKiBRe8yiNa82/zLFVcaKj/8tv7zb6D4hNfwyJ6MuMCwwHwYDVR0jBBgwFoAUb+2MJ09sikXH' +
    'tUd7il4+ycslZ1wwCQYDVR0TBAIwADAKBggqhkjOPQQDAgNJADBGAiEAgepth+QjO8EdGpW5Q/wP4Yd1Wo65aMbSFpa/Eg/1cjwC' +
    'IQCNmufwcowvHy++V0ql/EYuycldGjkFuKRBfsBHUt9g/A==',
  ed25519:
    'MIIBCTCBvKADAgECAhQx8SnRaBWtdE5KTOGV6tEdiX3KGzAFBgMrZXAwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjkyMTE2MjRaGA8y' +
    'MTI2MTEwNTIxMTYyNFowDDEKMAgGA1UEAwwBYTAqMAUGAytlcAMhAJq3e2YZudXP2UIsohfNiQ41xUQPBCY0/wO8tZ8bsM9koy4w' +
    'LDAfBgNVHSMEGDAWgBTp+gPTzD0WdeBembUuSmkeqsOKnjAJBgNVHRMEAjAAMAUGAytlcANBANaNU4dVRaomo9YtWSEjXXWIU8B/' +
    'Q5Q7JbBFWnI09xc0sthCtS0u3BhYLAYQVsCEz7c8m9knxslkCi8oGAvueAQ=',
};
const pemOf = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;

describe('publicKeysIn', () => {
  it.each(Object.entries(certificates))('identifies the public key of a certificate with %s', (_, body) => {
    const { publicKey } = new X509Certificate(pemOf(body));
    const [identity, ...others] = publicKeysIn(Buffer.from(String(publicKey.export({ format: 'pem', type: 'spki' }))));
    expect(identity).toMatch(/^[0-9a-f]{32}$/);
    expect(others).toEqual([]);
    expect(publicKeysIn(Buffer.from(pemOf(body)))).toEqual([identity]);
  });

  it('reads a certificate that ends anywhere as none', () => {
    const whole = Buffer.from(certificates.rsa, 'base64');
    for (let length = 0; length < whole.length; length += 7) {
      expect(publicKeysIn(Buffer.from(pemOf(whole.toString('base64', 0, length))))).toEqual([]);
    }
  });

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
