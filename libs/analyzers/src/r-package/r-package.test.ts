import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { rPackage } from './r-package.js';

// From Debian's r-cran-digest 0.6.37-1.
const content = readFileSync(join(__dirname, 'fixtures/digest-DESCRIPTION'));
const path = 'usr/local/lib/R/site-library/digest/DESCRIPTION';
const read = (text: string) => rPackage.analyze({ path, content: Buffer.from(text) });

describe('rPackage', () => {
  it.each([
    [path, true],
    ['DESCRIPTION', false],
    ['usr/local/lib/R/site-library/digest/description', false],
    ['usr/local/lib/R/site-library/digest/DESCRIPTION.in', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(rPackage.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads an installed package', () => {
    expect(rPackage.analyze({ path, content })).toEqual({
      packages: [
        {
          type: 'cran',
          name: 'digest',
          version: '0.6.37',
          source: { name: 'digest', version: '0.6.37' },
          licenses: ['GPL (>= 2)'],
          foundIn: path,
        },
      ],
    });
  });

  it('skips sources and files of other programs', () => {
    expect(read('Package: a\nVersion: 1.0-3\n')).toEqual({ packages: [] });
    expect(read('Edit this file to name the repository.\n')).toEqual({ packages: [] });
    expect(read('')).toEqual({ packages: [] });
  });

  it('reads Windows line ends, and continued lines not as fields', () => {
    const text =
      'Package: data.table\r\nVersion: 1.0-3\r\nDescription: x\r\n Version: 2\r\nBuilt: R 4.4.1; ; 2024; unix\r\n';
    expect(read(text).packages).toMatchObject([{ name: 'data.table', version: '1.0-3', licenses: [] }]);
  });

  it('reports a package without a usable version as damaged', () => {
    expect(read('Package: a\nVersion: {{v}}\nBuilt: R 4.4.1\n').damage).toBeDefined();
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(rPackage, { path, content })).toEqual([]);
  });
});
