import { hasBech32Checksum } from '../checksums.js';
import { readJsonWebKey } from '../json-web-key.js';
import { readJsonWebToken } from '../json-web-token.js';
import {
  isAtStart,
  keyStartsInDer,
  readDerKey,
  readGnupgKey,
  readKeyStore,
  readKeytab,
  storeStarts,
} from '../key-stores.js';
import { keyStarts, mayBeKey, readPrivateKey } from '../private-key.js';
import { readPuttyKey } from '../putty-key.js';
import { captured, read, token } from '../secret-rule.js';
import type { SecretRule } from '../secret-rule.js';
import { fake, spelt } from './fake.js';

const pem = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const der = Buffer.from('3082010a', 'hex');
const body = Buffer.concat([der, Buffer.from(fake(0x10a))]).toString('base64');
const derBody = Buffer.concat([
  Buffer.from('30820122020100300d06092a864886f70d010101050004', 'hex'),
  Buffer.from(fake(0x10f)),
]).toString('base64');
const base64 = (text: string) => Buffer.from(text).toString('base64');
const putty = (cipher: string) =>
  `PuTTY-User-Key-File-2: ssh-rsa\nEncryption: ${cipher}\nComment: a\nPublic-Lines: 1\n${fake(64, 'base64')}\nPrivate-Lines: 2\n${fake(64, 'base64')}\n${fake(30, 'base64')}==\nPrivate-MAC: ${fake(40, 'hex')}\n`;
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: fake(8), role: 'admin' })}.${fake(43)}`;

export const keyRules: readonly SecretRule[] = [
  read({
    id: 'private-key',
    title: 'Private key',
    severity: 'critical',
    rank: 3,
    keywords: keyStarts,
    mayBegin: mayBeKey,
    tries: 1_000,
    find: (place) => readPrivateKey(place, 'plain'),
    matches: () => [
      pem('RSA PRIVATE KEY', body),
      `{"key":"${pem('PRIVATE KEY', body).replaceAll('\n', '\\n')}"}`,
      `TLS_KEY=${base64(pem('PRIVATE KEY', body))}`,
      `jwt.private-key=${derBody}`,
      `?key=${encodeURIComponent(pem('PRIVATE KEY', body))}`,
    ],
    ignores: () => [
      `if (text.startsWith('${derBody.slice(0, 40)}'))`,
      pem('CERTIFICATE', body),
      `TLS_CERT=${base64(pem('CERTIFICATE', body))}`,
      pem('PUBLIC KEY', body),
      pem('RSA PRIVATE KEY', ''),
      '-----BEGIN RSA PRIVATE KEY----- and -----END',
    ],
  }),
  read({
    id: 'encrypted-private-key',
    title: 'Encrypted private key (passphrase)',
    severity: 'medium',
    rank: 3,
    keywords: keyStarts,
    mayBegin: mayBeKey,
    tries: 1_000,
    find: (place) => readPrivateKey(place, 'encrypted'),
    matches: () => [pem('ENCRYPTED PRIVATE KEY', body)],
    ignores: () => [pem('PRIVATE KEY', body)],
  }),
  read({
    id: 'gcp-service-account',
    title: 'Google Cloud service account key',
    severity: 'critical',
    rank: 3,
    keywords: keyStarts,
    mayBegin: mayBeKey,
    tries: 1_000,
    find: (place) => readPrivateKey(place, 'service-account'),
    matches: () => [
      `{"type": "service_account", "private_key": "${pem('PRIVATE KEY', body).replaceAll('\n', '\\n')}"}`,
    ],
    ignores: () => [pem('PRIVATE KEY', body)],
  }),
  read({
    id: 'putty-private-key',
    title: 'PuTTY private key',
    severity: 'critical',
    rank: 3,
    keywords: ['putty-user-key-file-'],
    tries: 100,
    find: (place) => readPuttyKey(place, 'plain'),
    matches: () => [putty('none')],
    ignores: () => [putty('aes256-cbc'), 'PuTTY-User-Key-File-3: ssh-rsa\n'],
  }),
  read({
    id: 'encrypted-putty-private-key',
    title: 'Encrypted PuTTY private key (passphrase)',
    severity: 'medium',
    rank: 3,
    keywords: ['putty-user-key-file-'],
    tries: 100,
    find: (place) => readPuttyKey(place, 'encrypted'),
    matches: () => [putty('aes256-cbc')],
    ignores: () => [putty('none')],
  }),
  captured({
    id: 'openvpn-static-key',
    title: 'OpenVPN static key',
    severity: 'critical',
    rank: 3,
    minEntropy: 3,
    keywords: ['-----begin openvpn static key'],
    expression: /-----BEGIN OpenVPN Static key V1-----\r?\n((?:[0-9a-f]{32}\r?\n){4,16})-----END/,
    matches: () => [
      `-----BEGIN OpenVPN Static key V1-----\n${(fake(32, 'hex') + '\n').repeat(16)}-----END OpenVPN Static key V1-----`,
    ],
    ignores: () => ['-----BEGIN OpenVPN Static key V1-----\n-----END OpenVPN Static key V1-----'],
  }),
  read({
    id: 'pkcs12-file',
    title: 'Keystore file',
    severity: 'medium',
    rank: 3,
    minEntropy: 0,
    keywords: storeStarts,
    mayBegin: isAtStart,
    files: ['*.p12', '*.pfx', '*.jks', '*.jceks', '*.keystore', '*.kdbx'],
    examplePath: 'server.p12',
    find: readKeyStore,
    matches: () => ['\x30\x82\x04\x00\x02\x01\x03\x30\x82', '\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\0'],
    ignores: () => ['text', '\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0\x02\0\x01a'],
  }),
  read({
    id: 'der-private-key',
    title: 'Private key (DER)',
    severity: 'critical',
    rank: 3,
    minEntropy: 0,
    keywords: keyStartsInDer,
    mayBegin: isAtStart,
    files: ['*.der', '*.pk8', '*.key'],
    examplePath: 'server.der',
    find: readDerKey,
    matches: () => [
      `\x30\x82\x01\x22\x02\x01\x00\x30\x0d\x06\x09${fake(0x120)}`,
      `\x30\x82\x01\x22\x02\x01\x00\x02\x82\x01\x01${fake(0x120)}`,
    ],
    ignores: () => [
      '\x30\x82\x03\x5d\x30\x82\x02\x45\xa0\x03\x02\x01\x02',
      'text',
      '\x30\x82\x04\xbe\x02\x01\x00\x30\x0d\x06\x09',
    ],
  }),
  read({
    id: 'gnupg-private-key',
    title: 'GnuPG private key',
    rank: 3,
    minEntropy: 0,
    keywords: [],
    files: ['private-keys-v1.d/*.key', '*.gpg', '*.pgp', '*.skr', '*.sec', '*.key'],
    examplePath: 'root/.gnupg/private-keys-v1.d/0123.key',
    find: readGnupgKey,
    matches: () => ['Created: 20240101T000000\nKey: (private-key (rsa (n #00', '(11:private-key(3:rsa(1:n257:'],
    ignores: () => ['Created: 20240101T000000\nKey: (public-key', 'text'],
  }),
  captured({
    id: 'xml-private-key',
    title: 'Private key in XML',
    severity: 'critical',
    rank: 3,
    minEntropy: 4,
    keywords: ['<rsakeyvalue>'],
    // https://www.rfc-editor.org/rfc/rfc3275, with the private parts of .NET
    expression: /<RSAKeyValue>[^"'{}]*<D>\s{0,8}([A-Za-z0-9+/=\s]{40,1000})<\/D>/,
    within: 5_000,
    matches: () => [
      `<RSAKeyValue><Modulus>${fake(172, 'base64')}</Modulus><D>${fake(172, 'base64')}</D></RSAKeyValue>`,
    ],
    ignores: () => [`<RSAKeyValue><Modulus>${fake(172, 'base64')}</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>`],
  }),
  read({
    id: 'json-web-key',
    title: 'Private or symmetric JSON Web Key',
    severity: 'critical',
    rank: 3,
    minEntropy: 3.5,
    keywords: ['"kty"'],
    tries: 1_000,
    find: readJsonWebKey,
    matches: () => [
      `{"kty": "EC", "crv": "P-256", "d": "${fake(43)}", "x": "${fake(43)}"}`,
      `{"k": "${fake(43)}", "kty": "oct"}`,
    ],
    ignores: () => [
      `{"kty": "EC", "crv": "P-256", "x": "${fake(43)}", "y": "${fake(43)}"}`,
      '{"kty": "oct", "k": "AAAA"}',
    ],
  }),
  read({
    id: 'kerberos-keytab',
    title: 'Kerberos keytab',
    rank: 3,
    minEntropy: 0,
    keywords: [],
    files: ['*.keytab'],
    examplePath: 'etc/krb5.keytab',
    find: readKeytab,
    matches: () => ['\x05\x02\0\0\0\x45\0\x01\0\x0bCORP.EXAMPLE'],
    ignores: () => ['# no keys yet', '\x05\x02'],
  }),
  token({
    id: 'age-secret-key',
    title: 'age secret key',
    severity: 'critical',
    minEntropy: 0,
    keywords: ['age-secret-key-1', 'age-secret-key-pq-1'],
    expression: /AGE-SECRET-KEY-(?:PQ-)?1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}/,
    verify: (value) => (hasBech32Checksum(value) ? 'certain' : 'possible'),
    matches: () => [spelt('AGE-SECRET-KEY-1', 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LL7AUM6ECHK45NJ3S0WDVT2FG8X')],
  }),
  captured({
    id: 'signing-secret-key',
    title: 'Secret key of minisign or signify',
    rank: 3,
    minEntropy: 3,
    keywords: ['untrusted comment:'],
    // Public keys have 56 characters and signatures 100, which begin in the same way.
    expression: /untrusted comment:[^\n]{0,1000}\r?\n(RW[A-Za-z0-9+/]{126,260}={0,2})(?:\r?\n|$)/,
    matches: () => [
      `untrusted comment: minisign encrypted secret key\nRWRTY0Iy${fake(204, 'base64')}\n`,
      `untrusted comment: signify secret key\nRWRCSwAAAAA${fake(128, 'base64')}=\n`,
    ],
    ignores: () => [
      `untrusted comment: minisign public key\nRWQ${fake(53, 'base64')}\n`,
      `untrusted comment: signature\nRWQ${fake(96, 'base64')}=\n`,
    ],
  }),
  token({
    id: 'jwt',
    title: 'JSON Web Token',
    severity: 'medium',
    keywords: ['eyj'],
    within: 8_000,
    tries: 3_000,
    expression: /eyJ[A-Za-z0-9_-]{14,}\.eyJ[A-Za-z0-9_-]{14,}(?:\.[A-Za-z0-9_-]{10,})?/,
    verify: (value) => (readJsonWebToken(value) === undefined ? undefined : 'likely'),
    matches: () => [`Authorization: Bearer ${jwt}`],
    ignores: () => [
      'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c',
      `eyJ${fake(30)}.eyJ${fake(30)}.${fake(43)}`,
    ],
  }),
  token({
    id: 'jwt-base64',
    title: 'JSON Web Token (Base64)',
    severity: 'medium',
    keywords: ['zxlk'],
    within: 8_000,
    tries: 3_000,
    expression: /ZXlK[A-Za-z0-9/+]{60,}={0,2}/,
    verify: (value) =>
      readJsonWebToken(Buffer.from(value, 'base64').toString('latin1')) === undefined ? undefined : 'likely',
    matches: () => [`token: ${Buffer.from(jwt).toString('base64')}`],
    ignores: () => ['ZXlK' + fake(80)],
  }),
];
