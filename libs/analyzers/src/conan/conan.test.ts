import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';

import { conan } from './conan.js';

// Written by hand from Conan's documentation of both formats.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const lock = 'srv/app/conan.lock';
const id = '6af9cc7cb931c5ad942174fd7838eb655717c709';
const installed = `root/.conan/data/zlib/1.2.13/_/_/package/${id}/conaninfo.txt`;
const read = (content: string | Buffer, path = lock) => conan.analyze({ path, content: Buffer.from(content) });

describe('conan', () => {
  it.each([
    [lock, true],
    ['conan.lock', true],
    ['srv/app/xconan.lock', false],
    [installed, true],
    ['root/.conan/data/zlib/1.2.13/_/_/build/x/conaninfo.txt', false],
    ['root/.conan2/p/zlib41bd3946e7341/p/conaninfo.txt', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(conan.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('reads a lock file of Conan 2 without its build tools', () => {
    const { packages, damage } = read(fixture('conan2.lock'));
    expect(damage).toBeUndefined();
    expect(packages).toEqual([
      {
        type: 'conan',
        name: 'zlib',
        version: '1.3.1',
        source: { name: 'zlib', version: '1.3.1' },
        licenses: [],
        foundIn: lock,
        isDeclared: true,
      },
      expect.objectContaining({
        name: 'gauge',
        version: 'cci.20210118',
        qualifiers: { user: 'acme', channel: 'stable' },
      }),
      expect.objectContaining({ name: 'fmt', version: '10.2.1' }),
    ]);
  });

  it('reads a lock file of Conan 1 without the project and its build tools', () => {
    const { packages, damage } = read(fixture('conan1.lock'));
    expect(damage).toBeUndefined();
    expect(packages).toMatchObject([
      { name: 'openssl', version: '1.1.1k', isDeclared: true },
      { name: 'zlib', version: '1.2.11', qualifiers: { user: 'acme', channel: 'stable' }, isDeclared: true },
    ]);
  });

  it('reads full references of lock files before 0.3', () => {
    const nodes = { 0: { pref: null, path: 'conanfile.txt' }, 1: { pref: `zlib/1.2.11#41999:${id}#4c5a8` } };
    expect(read(JSON.stringify({ graph_lock: { nodes } })).packages).toMatchObject([
      { name: 'zlib', version: '1.2.11' },
    ]);
  });

  it('reads the cache of Conan 1', () => {
    expect(read('[settings]\n', installed).packages).toEqual([
      {
        type: 'conan',
        name: 'zlib',
        version: '1.2.13',
        source: { name: 'zlib', version: '1.2.13' },
        licenses: [],
        foundIn: installed,
      },
    ]);
    expect(read('', installed.replace('_/_', 'acme/stable')).packages).toMatchObject([
      { qualifiers: { user: 'acme', channel: 'stable' } },
    ]);
  });

  it.each(['{"requires": ["zlib"]}', '{"requires": [1]}', '{"requires": ["{{a}}/1"]}', '{"requires": ["a/[>1 <2]"]}'])(
    'reports %j as damaged',
    (text) => {
      expect(read(text)).toEqual({ packages: [], damage: '1 records without a usable name, version or status' });
    },
  );

  it('throws only its own errors for damaged files', () => {
    expect(() => read('{')).toThrow(MalformedFile);
    for (const name of ['conan1.lock', 'conan2.lock'])
      expect(unexpectedErrors(conan, { path: lock, content: fixture(name) })).toEqual([]);
  });
});
