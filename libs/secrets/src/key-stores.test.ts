import { generateKeyPairSync } from 'node:crypto';

import { findSecrets, searchedKind } from './index.js';

const key = Buffer.from('key of the tests');
const rulesIn = (path: string, content: Buffer) =>
  searchedKind(path, content.subarray(0, 512)) === undefined
    ? 'not searched'
    : findSecrets({ path, content }, key)
        .sightings.map(({ rule }) => rule)
        .join(' ');

const padding = Buffer.alloc(200, 7);
const pkcs12 = (bag: string) => Buffer.concat([Buffer.from(`3082096a0201033082092606${bag}`, 'hex'), padding]);
const der = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
const java = (entry: string) => Buffer.concat([Buffer.from(`feedfeed0000000200000001${entry}`, 'hex'), padding]);

describe('readKeyStore and readDerKey', () => {
  it.each([
    ['app/client.pkcs12', pkcs12('0b2a864886f70d010c0a0102'), 'pkcs12-file'],
    // Stores of authorities have only certificates.
    ['usr/lib/jvm/lib/security/cacerts', pkcs12('0b2a864886f70d010c0a0103'), ''],
    ['usr/lib/jvm/lib/security/cacerts', java('00000002000161'), ''],
    ['app/keystore', java('00000001000161'), 'pkcs12-file'],
    ['app/signing', der, 'der-private-key'],
    ['app/data', Buffer.concat([Buffer.from('text '), der]), ''],
  ])('find keys in a file of any name by its first bytes: %s', (path, content, expected) => {
    expect(rulesIn(path, content)).toBe(expected);
  });
});
