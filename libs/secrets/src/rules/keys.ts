import { hasBech32Checksum } from '../checksums.js';
import { readPkcs12 } from '../config-files.js';
import { readJsonWebToken } from '../json-web-token.js';
import { readPrivateKey } from '../private-key.js';
import { read, token } from '../secret-rule.js';
import type { SecretRule } from '../secret-rule.js';
import { fake, spelt } from './fake.js';

const pem = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const der = Buffer.from('3082010a', 'hex');
const body = Buffer.concat([der, Buffer.from(fake(0x10a))]).toString('base64');
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: fake(8), role: 'admin' })}.${fake(43)}`;

export const keyRules: readonly SecretRule[] = [
  read({
    id: 'private-key',
    title: 'Private key',
    severity: 'critical',
    rank: 3,
    keywords: ['-----begin'],
    find: (place) => readPrivateKey(place, 'plain'),
    matches: [pem('RSA PRIVATE KEY', body), `{"key":"${pem('PRIVATE KEY', body).replaceAll('\n', '\\n')}"}`],
    ignores: [
      pem('CERTIFICATE', body),
      pem('PUBLIC KEY', body),
      pem('RSA PRIVATE KEY', ''),
      '-----BEGIN RSA PRIVATE KEY----- and -----END',
    ],
  }),
  read({
    id: 'encrypted-private-key',
    title: 'Private key under a passphrase',
    severity: 'medium',
    rank: 3,
    keywords: ['-----begin'],
    find: (place) => readPrivateKey(place, 'encrypted'),
    matches: [pem('ENCRYPTED PRIVATE KEY', body)],
    ignores: [pem('PRIVATE KEY', body)],
  }),
  read({
    id: 'gcp-service-account',
    title: 'Google Cloud service account key',
    severity: 'critical',
    rank: 3,
    keywords: ['-----begin'],
    find: (place) => readPrivateKey(place, 'service-account'),
    matches: [`{"type": "service_account", "private_key": "${pem('PRIVATE KEY', body).replaceAll('\n', '\\n')}"}`],
    ignores: [pem('PRIVATE KEY', body)],
  }),
  read({
    id: 'pkcs12-file',
    title: 'Store of keys (PKCS #12)',
    severity: 'medium',
    rank: 3,
    minEntropy: 0,
    keywords: [],
    paths: /\.(?:p12|pfx)$/i,
    examplePath: 'server.p12',
    find: readPkcs12,
    matches: ['\x30\x82\x04\x00\x02\x01\x03\x30\x82'],
    ignores: ['text'],
  }),
  token({
    id: 'age-secret-key',
    title: 'age secret key',
    severity: 'critical',
    minEntropy: 0,
    keywords: ['age-secret-key-1'],
    expression: /AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}/,
    verify: (value) => (hasBech32Checksum(value) ? 'certain' : 'possible'),
    matches: [spelt('AGE-SECRET-KEY-1', 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LL7AUM6ECHK45NJ3S0WDVT2FG8X')],
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
    matches: [`Authorization: Bearer ${jwt}`],
    ignores: [
      'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c',
      `eyJ${fake(30)}.eyJ${fake(30)}.${fake(43)}`,
    ],
  }),
  token({
    id: 'jwt-base64',
    title: 'JSON Web Token in Base64',
    severity: 'medium',
    keywords: ['zxlk'],
    within: 8_000,
    tries: 3_000,
    expression: /ZXlK[A-Za-z0-9/+]{60,}={0,2}/,
    verify: (value) =>
      readJsonWebToken(Buffer.from(value, 'base64').toString('latin1')) === undefined ? undefined : 'likely',
    matches: [`token: ${Buffer.from(jwt).toString('base64')}`],
    ignores: ['ZXlK' + fake(80)],
  }),
];
