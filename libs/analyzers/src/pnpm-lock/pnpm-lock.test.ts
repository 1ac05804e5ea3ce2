import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { pnpmLock } from './pnpm-lock.js';

// Written by pnpm 7, 8 and 9: one application with an alias, a scope and a folder, one (peers-…)
// with peers.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const path = 'app/pnpm-lock.yaml';
const read = (text: string) =>
  pnpmLock.analyze({ path, content: Buffer.from(text) }).packages?.map(({ name, version }) => `${name}@${version}`);

describe('pnpmLock', () => {
  it.each([
    ['pnpm-lock.yaml', true],
    ['srv/app/pnpm-lock.yaml', true],
    ['app/node_modules/.pnpm/lock.yaml', false],
    ['app/node_modules/a/pnpm-lock.yaml', false],
    ['app/pnpm-lock.yml', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(pnpmLock.wants(path, new Uint8Array())).toBe(expected);
  });

  it.each(['v5.yaml', 'v6.yaml', 'v9.yaml'])('reads %s without folders and development dependencies', (file) => {
    const { packages, damage } = pnpmLock.analyze({ path, content: fixture(file) });
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      '@hapi/bourne@2.0.0',
      'fsevents@2.3.2',
      'lodash@3.10.1',
      'minimist@1.2.8',
      'mkdirp@0.5.5',
    ]);
    expect(packages?.[0]).toMatchObject({ type: 'npm', isDeclared: true, foundIn: path });
    expect(damage).toBeUndefined();
  });

  it.each(['peers-v5.yaml', 'peers-v6.yaml', 'peers-v9.yaml'])(
    'reads %s with development dependencies that are also needed at run time',
    (file) => {
      expect(read(fixture(file).toString())).toEqual([
        'js-tokens@3.0.2',
        'loose-envify@1.4.0',
        'react@18.2.0',
        'use-sync-external-store@1.2.0',
      ]);
    },
  );

  it.each([
    ['5.3', '/@s/a/1.0.0_b@2.0.0', [], ['@s/a@1.0.0']],
    ['5.1', '/a/1.0.0/b@2.0.0', [], ['a@1.0.0']],
    ['5.4', 'registry.example.com/@s/a/1.0.0', [], ['@s/a@1.0.0']],
    ['5.4', 'github.com/u/r/0123456', ['name: a', 'version: 1.0.0'], ['a@1.0.0']],
    ['5.4', 'github.com/u/r/abcdef', [], []],
    ['5.4', '/a/1.0.0', ['dev: true'], []],
    ['6.0', '/@s/a@1.0.0(b@2.0.0)(@t/c@3.0.0)', [], ['@s/a@1.0.0']],
    ['6.0', '/a@1.0.0-rc.1+build', ['deprecated: |', '  dev: true'], ['a@1.0.0-rc.1+build']],
    ['9.0', "'@s/a@1.0.0'", [], ['@s/a@1.0.0']],
    ['9.0', 'a@https://codeload.github.com/u/r/tar.gz/0123456', ['version: 1.0.0'], ['a@1.0.0']],
    ['9.0', 'a@file:../a', [], []],
  ])('parses with version %s: %s as %j', (version, key, fields, expected) => {
    const lines = fields.map((field) => `    ${field}\n`).join('');
    expect(
      read(`lockfileVersion: '${version}'\n\npackages:\n\n  ${key}:\n    resolution: {integrity: x}\n${lines}`),
    ).toEqual(expected);
  });

  it('follows aliases, optional dependencies and cycles, and skips development-only applications', () => {
    const lock = (kind: string) => `lockfileVersion: '9.0'
importers:
  packages/app:
    ${kind}:
      alias:
        specifier: npm:a@1
        version: a@1.0.0(p@1.0.0)
packages:
  a@1.0.0: {}
  b@1.0.0: {}
  p@1.0.0: {}
snapshots:
  a@1.0.0(p@1.0.0):
    optionalDependencies:
      c: b@1.0.0
  b@1.0.0:
    dependencies:
      a: 1.0.0(p@1.0.0)
    transitivePeerDependencies:
      - p
`;
    expect(read(lock('dependencies'))).toEqual(['a@1.0.0', 'b@1.0.0']);
    expect(read(lock('devDependencies'))).toEqual([]);
  });

  it.each(['', 'a: b', "lockfileVersion: '4.0'", 'lockfileVersion: x'])('rejects %j', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
  });

  it('limits the dependencies', () => {
    const text = `lockfileVersion: '9.0'\nsnapshots:\n a@1:\n  dependencies:\n${'   b: 1\n'.repeat(300_001)}`;
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED', limit: 'maxEdges' }));
  });
});
