import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { portage } from './portage.js';

// Written after the documentation.
const content = readFileSync(join(__dirname, 'fixtures/PF'));
const path = 'var/db/pkg/app-shells/bash-5.2_p26-r3/PF';
const read = (text: string, folder = text.trim()) =>
  portage.analyze({ path: `var/db/pkg/dev-libs/${folder}/PF`, content: Buffer.from(text) });

describe('portage', () => {
  it.each([
    [path, true],
    ['var/db/pkg/app-shells/bash-5.2_p26-r3/CONTENTS', false],
    ['var/db/pkg/app-shells/-MERGING-bash-5.2_p26-r3/PF', false],
    ['var/db/pkg/bash-5.2/PF', false],
    ['srv/var/db/pkg/app-shells/bash-5.2/PF', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(portage.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads an installed package', () => {
    const name = 'app-shells/bash';
    const version = '5.2_p26-r3';
    expect(portage.analyze({ path, content })).toEqual({
      packages: [{ type: 'ebuild', name, version, source: { name, version }, licenses: [], foundIn: path }],
    });
  });

  it.each([
    ['openssl-3.0.13-r2', 'openssl', '3.0.13-r2'],
    ['gtk+-2.24.33-r3', 'gtk+', '2.24.33-r3'],
    ['font-adobe-100dpi-1.0.4', 'font-adobe-100dpi', '1.0.4'],
    ['jpeg-compat-6b-r12', 'jpeg-compat', '6b-r12'],
    ['x264-0.0.20240314', 'x264', '0.0.20240314'],
    ['libfoo-1.0_alpha2_p3', 'libfoo', '1.0_alpha2_p3'],
    ['live-9999', 'live', '9999'],
  ])('splits %s', (text, name, version) => {
    expect(read(`${text}\n`).packages).toMatchObject([{ name: `dev-libs/${name}`, version }]);
  });

  it.each([
    ['', 'a-1'],
    ['bash', 'bash'],
    ['a-1', 'b-1'],
    ['a-1_foo', 'a-1_foo'],
    [`a-${'1.'.repeat(40)}1`, 'a-1'],
    ['\uFFFD-1', '\uFFFD-1'],
  ])('reports %.40j as damaged', (text, folder) => {
    expect(read(text, folder).damage).toBeDefined();
  });

  it('takes linear time for a hostile name', () => {
    expect(() => read('a-1'.repeat(1 << 20), 'a-1')).toThrow('more than 4096 bytes');
    expect(read(`${'a-1'.repeat(1_300)}!`, 'a-1').packages).toEqual([]);
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(portage, { path, content })).toEqual([]);
  });
});
