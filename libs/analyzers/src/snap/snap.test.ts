import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { snap } from './snap.js';

// Written after snapd's documentation.
const content = readFileSync(join(__dirname, 'fixtures/snap.yaml'));
const path = 'snap/lxd/24322/meta/snap.yaml';
const read = (text: string) => snap.analyze({ path, content: Buffer.from(text) });

describe('snap', () => {
  it.each([
    [path, true],
    ['var/lib/snapd/snap/core22/1122/meta/snap.yaml', true],
    ['meta/snap.yaml', true],
    ['snap/lxd/24322/snap/manifest.yaml', false],
    ['srv/app/meta/snap.yaml', false],
    ['home/build/snap/snapcraft.yaml', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(snap.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads name, version and license of a snap', () => {
    const [name, version] = ['lxd', '5.0.2-838e1b2'];
    expect(snap.analyze({ path, content })).toEqual({
      packages: [{ type: 'snap', name, version, source: { name, version }, licenses: ['Apache-2.0'], foundIn: path }],
    });
  });

  it.each([
    ["name: a\nversion: '20230901'\n", '20230901'],
    ['version: "1.0" # of the part\nname: a\n', '1.0'],
    ['name: a\nversion: 2024.1 # calendar\n', '2024.1'],
  ])('parses the version of %j', (text, version) => {
    expect(read(text).packages).toMatchObject([{ version }]);
  });

  it.each(['', 'name: a\n', 'name: a\nversion: ${VERSION}\n', 'name: A B\nversion: 1\n', ' name: a\n version: 1\n'])(
    'reports %j as damaged',
    (text) => {
      expect(read(text).damage).toBeDefined();
    },
  );

  it('takes linear time for a hostile line', () => {
    expect(read(`name: ${' #'.repeat(1 << 20)}\nversion: 1\n`).packages).toEqual([]);
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(snap, { path, content })).toEqual([]);
  });
});
