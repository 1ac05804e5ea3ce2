import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';

import { conda } from './conda.js';

// Written by hand from conda's documentation of the format.
const content = readFileSync(join(__dirname, 'fixtures/certifi-2025.1.31-py312h06a4308_0.json'));
const path = 'opt/conda/conda-meta/certifi-2025.1.31-py312h06a4308_0.json';
const read = (record: object) => conda.analyze({ path, content: Buffer.from(JSON.stringify(record)) });

describe('conda', () => {
  it.each([
    [path, true],
    ['conda-meta/a-1-0.json', true],
    ['opt/conda/envs/x/conda-meta/history', false],
    ['opt/conda/conda-meta/x/a.json', false],
    ['opt/conda/pkgs/a-1-0/info/repodata_record.json', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(conda.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads a package with its files, and no token of its channel', () => {
    const facts = conda.analyze({ path, content });
    expect(facts.packages).toEqual([
      {
        type: 'conda',
        name: 'certifi',
        version: '2025.1.31',
        qualifiers: { build: 'py312h06a4308_0', channel: 'main', subdir: 'linux-64' },
        source: { name: 'certifi', version: '2025.1.31' },
        licenses: ['MPL-2.0'],
        foundIn: path,
      },
    ]);
    const site = 'opt/conda/lib/python3.12/site-packages/certifi';
    expect(facts.owned).toEqual([
      {
        type: 'conda',
        package: 'certifi',
        files: [
          { path: 'opt/conda/bin/certify' },
          { path: `${site}/__init__.py`, digest: `sha256:${'b'.repeat(64)}` },
          { path: `${site}/__pycache__/__init__.cpython-312.pyc`, role: 'ghost' },
          { path: `${site}/cacert.pem` },
        ],
      },
    ]);
    expect(JSON.stringify(facts)).not.toContain('secret');
  });

  it.each([
    ['conda-forge', 'linux-64', 'conda-forge'],
    ['https://conda.anaconda.org/conda-forge/', 'noarch', 'conda-forge'],
    ['https://conda.anaconda.org/conda-forge/linux-64', 'linux-64', 'conda-forge'],
    ['<unknown>', 'noarch', undefined],
    ['', 'noarch', undefined],
  ])('parses channel %j on %s as %j', (channel, subdir, expected) => {
    const [found] = read({ name: '_libgcc_mutex', version: '0.1', channel, subdir }).packages ?? [];
    expect(found?.qualifiers?.['channel']).toBe(expected);
  });

  it('reads file names of records before conda 4.3, and none outside of the image', () => {
    const { owned, damage } = read({
      name: 'a',
      version: '1',
      files: ['bin/a', '../../../etc/passwd', '', 1, 'x/..', '\ud800'],
    });
    expect(damage).toBe('5 entries without a usable path');
    expect(owned?.[0]?.files).toEqual([{ path: 'opt/conda/bin/a' }]);
  });

  it.each([{}, { name: 'a' }, { name: '{{x}}', version: '1' }, { name: 'a', version: 1 }])(
    'reports %j as damaged',
    (record) => {
      expect(read(record)).toEqual({ packages: [], damage: '1 records without a usable name, version or status' });
    },
  );

  it('throws only its own errors for damaged files', () => {
    expect(() => conda.analyze({ path, content: Buffer.from('{"name": ') })).toThrow(MalformedFile);
    expect(unexpectedErrors(conda, { path, content })).toEqual([]);
  });
});
