import * as fc from 'fast-check';

import { searchedKind } from './index.js';
import { fake } from './rules/fake.js';
import { findSecrets, SecretSearch } from './secret-search.js';

const key = Buffer.alloc(32, 7);
const token = `ghp_${fake(36)}`;
const pem = [
  '-----BEGIN EC PRIVATE KEY-----',
  'MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49',
  'AwEHoUQDQgAEPR3tU2Fta9ktY+6P9G0cWO+0kETA6SFs38GecTyudlHz6xvCdz8q',
  'EKTcWGekdmdDPsHloRNtsiCa697B2O9IFA==',
  '-----END EC PRIVATE KEY-----',
].join('\n');
const elf = Buffer.from('7f454c4602010100', 'hex');
const rulesIn = (...parts: (Buffer | string)[]) =>
  findSecrets(
    { path: 'usr/local/bin/app', content: Buffer.concat(parts.map((part) => Buffer.from(part))) },
    key,
    'program',
  ).sightings.map(({ rule }) => rule);

describe('searchedKind', () => {
  it.each([
    ['ELF', '7f454c460201010000', 'app', 'program'],
    ['PE', '4d5a90000300', 'app.exe', 'program'],
    ['Mach-O', 'cffaedfe0700', 'app', 'program'],
    ['a Java class', 'cafebabe00', 'A.class', 'program'],
    ['WebAssembly', '0061736d', 'app.wasm', 'program'],
    ['compiled Python', 'cb0d0d0a00', 'app.pyc', 'program'],
    ['a dump of Redis', '524544495330303131fa', 'data/dump.rdb', 'program'],
    ["a database of R's packages", '789c6d92', 'usr/lib/R/library/base/R/base.rdb', undefined],
    ['a wallet', '00000000000000000000000062310500', 'root/.bitcoin/wallet.dat', 'text'],
    ['text', '746578740a', 'a.txt', 'text'],
    ['compiled Python of an application', 'cb0d0d0a00', 'app/__pycache__/a.cpython-313.pyc', 'program'],
    ['a serialized object', '8004951c00', 'app/session.pkl', 'program'],
    [
      'compiled Python of an installed package',
      'cb0d0d0a00',
      'usr/lib/python3.13/site-packages/a/__pycache__/a.cpython-313.pyc',
      undefined,
    ],
    ['an image', '89504e47', 'a.png', undefined],
    ['an empty file', '', 'app', undefined],
  ])('knows %s', (_, head, path, kind) => {
    expect(searchedKind(path, Buffer.from(head, 'hex'))).toBe(kind);
  });
});

describe('strings of serialized objects', () => {
  it('end where their length says', () => {
    const python = [
      Buffer.from('80027d71005805000000746f6b656e71015828000000', 'hex'),
      token,
      Buffer.from('7102752e', 'hex'),
    ];
    const java = [Buffer.from('aced0005757200740028', 'hex'), token, Buffer.from('740004', 'hex'), 'name'];
    for (const parts of [python, java]) expect(rulesIn(...parts)).toEqual(['github-pat']);
  });
});

describe('ProgramStrings', () => {
  it('gives the strings of a program to strong formats only', () => {
    expect(rulesIn(elf, `\0${token}\0`)).toEqual(['github-pat']);
    expect(rulesIn(elf, `\0\0\x01${pem}\0`)).toEqual(['private-key']);
    expect(rulesIn(elf, `\0password=${fake(16)}\0DB_PASSWORD: ${fake(20)}\0`)).toEqual([]);
  });

  it('reads two bytes a character in programs for Windows', () => {
    const text = Buffer.from(`${token}\0`, 'utf16le');
    expect(rulesIn('MZ', Buffer.alloc(3), text)).toEqual(['github-pat']);
    expect(rulesIn('MZ', Buffer.alloc(2), text)).toEqual(['github-pat']);
  });

  it('finds a secret at any place, however the program is cut', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom<[string, BufferEncoding]>(['\x7fELF', 'latin1'], ['MZ\0\0', 'utf16le']),
        (before, sizes, [magic, encoding]) => {
          const content = Buffer.concat([
            Buffer.from(magic, 'latin1'),
            Buffer.alloc(before, 0xf3),
            Buffer.from(token, encoding),
            Buffer.alloc(50, 0xf3),
          ]);
          const search = new SecretSearch('app', key, 'program');
          search.write(content.subarray(0, 4));
          for (let at = 4, turn = 0; at < content.length; turn += 1) {
            const size = sizes[turn % sizes.length]!;
            search.write(content.subarray(at, at + size));
            at += size;
          }
          expect(search.end().sightings.map(({ rule, line }) => [rule, line])).toEqual([['github-pat', 1]]);
        },
      ),
    );
  });
});
