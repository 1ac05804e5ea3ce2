import { generateKeyPairSync } from 'node:crypto';

import { findSecrets } from './index.js';

const key = Buffer.from('key of the tests');
const look = (text: string, path = 'srv/file') => findSecrets({ path, content: Buffer.from(text) }, key).sightings;
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const sec1 = pair.privateKey.export({ format: 'pem', type: 'sec1' }).toString();

describe('readPrivateKey', () => {
  it('is certain of a key with complete DER, and shows only its kind', () => {
    expect(look(`# note\n${pem}`)).toMatchObject([
      { rule: 'private-key', line: 2, confidence: 'certain', masked: '-----BEGIN PRIVATE KEY-----' },
    ]);
    expect(look(sec1)).toMatchObject([{ rule: 'private-key', confidence: 'certain' }]);
  });

  it('recognizes the same key in JSON, with other line ends and indented', () => {
    const prints = [pem, pem.replaceAll('\n', '\r\n'), pem.replaceAll('\n', '\n    '), JSON.stringify({ a: pem })].map(
      (text) => look(text).map(({ fingerprint }) => fingerprint),
    );
    expect(new Set(prints.map(String)).size).toBe(1);
    expect(prints[0]).toHaveLength(1);
  });

  it.each([
    ['Java', (line: string) => `"${line}\\n" +\n  `],
    ['PHP', (line: string) => `"${line}\\n" .\n`],
    ['C', (line: string) => `  "${line}\\r\\n"\n`],
    ['a list of JavaScript', (line: string) => `  '${line}',\n`],
    ['a comment', (line: string) => `// ${line}\n`],
    ['a quotation', (line: string) => `> ${line}\n`],
  ])('reads a key that %s joins of its lines', (_, joined) => {
    const [{ fingerprint } = {}] = look(pem);
    const text = pem.trim().split('\n').map(joined).join('');
    expect(look(text, 'srv/Key.java')).toMatchObject([{ rule: 'private-key', fingerprint }]);
  });

  it('ignores the code between the lines of a program that writes keys', () => {
    const code = Array.from({ length: 20 }, (_, at) => `const privateB64${at} = encode(key.slice(${at}));`).join('\n');
    const text = `let out = '-----BEGIN OPENSSH PRIVATE KEY-----\\n';\n${code}\nout += '-----END OPENSSH PRIVATE KEY-----\\n';`;
    expect(look(text, 'srv/keygen.js')).toEqual([]);
  });

  it('lowers the confidence of a truncated key', () => {
    const lines = pem.split('\n');
    expect(look([...lines.slice(0, 2), ...lines.slice(3)].join('\n'))).toMatchObject([{ confidence: 'possible' }]);
  });

  it('distinguishes encrypted keys from plain ones', () => {
    const encrypted = pair.privateKey
      .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })
      .toString();
    expect(look(encrypted)).toMatchObject([
      { rule: 'encrypted-private-key', severity: 'medium', confidence: 'certain' },
    ]);
    const old = pair.privateKey
      .export({ format: 'pem', type: 'sec1', cipher: 'aes-256-cbc', passphrase: 'x' })
      .toString();
    expect(look(old)).toMatchObject([{ rule: 'encrypted-private-key' }]);
  });

  it('ignores public keys, certificates, headers without a key and mismatched footers', () => {
    const spki = pair.publicKey.export({ format: 'pem', type: 'spki' }).toString();
    for (const text of [
      spki,
      pem.replaceAll('PRIVATE KEY', 'CERTIFICATE'),
      '-----BEGIN OPENSSH PRIVATE KEY----------END OPENSSH PRIVATE KEY-----',
      pem.replace('END PRIVATE', 'END RSA PRIVATE'),
      pem.slice(0, -30),
    ]) {
      expect(look(text)).toEqual([]);
    }
  });
});
