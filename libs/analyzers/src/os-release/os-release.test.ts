import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { osRelease } from './os-release.js';

const path = 'etc/os-release';
const read = (content: string) => osRelease.analyze({ path, content: Buffer.from(content) }).os;

it.each([
  ['etc/os-release', true],
  ['usr/lib/os-release', true],
  ['lib/os-release', false],
  ['etc/os-release.bak', false],
])('wants %j: %s', (name, expected) => {
  expect(osRelease.wants(name)).toBe(expected);
});

// The first two keep to what the distributions ship, the third was written for the quoting.
it.each([
  ['debian', { id: 'debian', versionId: '12', name: 'Debian GNU/Linux 12 (bookworm)', idLike: [] }],
  ['alpine', { id: 'alpine', versionId: '3.20.3', name: 'Alpine Linux v3.20', idLike: [] }],
  [
    'quoted',
    {
      id: 'ubuntu',
      versionId: '22.04',
      name: String.raw`A "quoted" $name \ ${'`x`'} \n`,
      idLike: ['debian', 'ubuntu-core'],
    },
  ],
])('reads %s', (name, os) => {
  expect(read(readFileSync(join(__dirname, 'fixtures', name), 'utf8'))).toEqual(os);
});

it('reads a rolling release, which has no VERSION_ID', () => {
  expect(read('ID=arch\nVERSION_ID=\n')).toEqual({ id: 'arch', name: 'arch', idLike: [] });
});

it.each([
  '',
  'NAME=x\n',
  'ID=\n',
  'ID="two words"\n',
  'ID=..\n',
  `ID=${'a'.repeat(5_000)}\n`,
  'ID=debian\nVERSION_ID="12; rm"\n',
])('refuses to guess from %.30j', (content) => {
  expect(() => read(content)).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
});

it('keeps control characters out of the name', () => {
  expect(read(`ID=a\nPRETTY_NAME="x\u001b[2J\u0007${'y'.repeat(3_000)}"`)?.name).toMatch(/^x \[2J y{1000,}$/);
});
