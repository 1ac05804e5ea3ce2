import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { alpm } from './alpm.js';

// As pacman 7.0.0 wrote it; the package was made for this test.
const content = readFileSync(join(__dirname, 'fixtures/tide-gauge'));
const path = 'var/lib/pacman/local/tide-gauge-1:2.4.1-3/desc';
const read = (text: string) => alpm.analyze({ path, content: Buffer.from(text) });

describe('alpm', () => {
  it.each([
    [path, true],
    ['usr/lib/holo/pacmandb/local/bash-5.2.026-2/desc', true],
    ['var/lib/pacman/local/bash-5.2.026-2/files', false],
    ['var/lib/pacman/local/desc', false],
    ['var/lib/pacman/sync/core/bash-5.2.026-2/desc', false],
    ['srv/var/lib/pacman/local/bash-5.2.026-2/desc', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(alpm.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads an installed package with its epoch, base and licenses', () => {
    expect(alpm.analyze({ path, content })).toEqual({
      packages: [
        {
          type: 'alpm',
          name: 'tide-gauge',
          version: '1:2.4.1-3',
          arch: 'x86_64',
          source: { name: 'tide', version: '1:2.4.1-3' },
          licenses: ['MIT', 'Apache-2.0'],
          foundIn: path,
        },
      ],
    });
  });

  it.each([
    ['%NAME%\na\n\n%VERSION%\n1-1\n', 'a'],
    ['%DESC%\n%NAME%\na\n\n%VERSION%\n1-1\n\n%NAME%\nb\n', 'a'],
    ['%NAME%\na\n\n%VERSION%\n1-1\n\n%BASE%\ntwo words\n', 'a'],
  ])('reads %j as a package that is its own base', (text, name) => {
    expect(read(text).packages).toMatchObject([{ name, source: { name } }]);
  });

  it.each([
    '',
    '%NAME%\n\na\n%VERSION%\n1\n',
    '%NAME%\na b\n\n%VERSION%\n1\n',
    '%NAME%\na\n',
    `%NAME%\n${'a'.repeat(2_000)}\n\n%VERSION%\n1\n`,
    '%NAME%\n\uFFFD\n\n%VERSION%\n1\n',
  ])('reports %.60j as damaged', (text) => {
    expect(read(text)).toMatchObject({ packages: [], damage: expect.any(String) as string });
  });

  it('keeps a bounded number of licenses', () => {
    const text = `%NAME%\na\n\n%VERSION%\n1\n\n%LICENSE%\n${'MIT\n'.repeat(100_000)}`;
    expect(read(text).packages?.[0]?.licenses).toHaveLength(32);
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(alpm, { path, content })).toEqual([]);
  });
});
