import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { pythonVendored } from './python-vendored.js';

// From pip 25.0.
const content = readFileSync(join(__dirname, 'fixtures/vendor.txt'));
const site = 'usr/local/lib/python3.13/site-packages';
const path = `${site}/pip/_vendor/vendor.txt`;
const namesIn = (text: string) =>
  pythonVendored
    .analyze({ path, content: Buffer.from(text) })
    .packages?.map(({ name, version }) => `${name} ${version}`);

describe('pythonVendored', () => {
  it.each([
    [path, true],
    [`${site}/setuptools/_vendor/vendored.txt`, true],
    [`${site}/pipenv/vendor/vendor.txt`, true],
    [`${site}/pipenv/patched/patched.txt`, true],
    [`${site}/poetry/core/_vendor/vendor.txt`, true],
    [`${site}/pip/vendor.txt`, false],
    [`${site}/pip/_vendor/README.txt`, false],
    [`${site}/x/tests/_vendor/vendor.txt`, false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(pythonVendored.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads the list of pip, with what its packages need', () => {
    const { packages = [] } = pythonVendored.analyze({ path, content });
    expect(packages).toHaveLength(17);
    // pip keeps only a part of it.
    expect(packages.map(({ name }) => name)).not.toContain('setuptools');
    expect(packages).toContainEqual({
      type: 'pypi',
      name: 'urllib3',
      version: '1.26.20',
      source: { name: 'urllib3', version: '1.26.20' },
      licenses: [],
      foundIn: path,
    });
  });

  it.each([
    [
      'packaging==24\n# required for jaraco.text\nimportlib_resources==5.10.2\n',
      ['packaging 24', 'importlib-resources 5.10.2'],
    ],
    ['fastjsonschema==2.20.0 ; python_version >= "3.9" and python_version < "4.0"\n', ['fastjsonschema 2.20.0']],
    ['attrs>=21\nhttps://example.com/a.tar.gz\n-e .\n', []],
    ['\uFFFD==1\n', []],
  ])('parses %.40j', (text, expected) => {
    expect(namesIn(text)).toEqual(expected);
  });

  it('refuses a list of too many packages', () => {
    expect(() => namesIn('a==1\n'.repeat(30_001))).toThrow('more than 30000 packages');
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(pythonVendored, { path, content })).toEqual([]);
  });
});
