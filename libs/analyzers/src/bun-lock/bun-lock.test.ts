import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';

import { bunLock } from './bun-lock.js';

// Written by Bun 1.2: one application with an alias, a scope and a folder, one with peers.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const path = 'app/bun.lock';
const read = (lock: unknown) =>
  bunLock
    .analyze({ path, content: Buffer.from(JSON.stringify(lock)) })
    .packages?.map(({ name, version }) => `${name}@${version}`);

describe('bunLock', () => {
  it.each([
    ['bun.lock', true],
    ['srv/app/bun.lock', true],
    ['app/node_modules/a/bun.lock', false],
    ['app/bun.lockb', true],
    ['app/node_modules/a/bun.lockb', false],
    ['app/bun.lockb.bak', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(bunLock.wants(path, new Uint8Array())).toBe(expected);
  });

  it('reads a lock file without folders and development dependencies', () => {
    const { packages, damage } = bunLock.analyze({ path, content: fixture('bun.lock') });
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      '@hapi/bourne@2.0.0',
      'lodash@3.10.1',
      'mkdirp@0.5.5',
      'fsevents@2.3.2',
      'minimist@1.2.8',
    ]);
    expect(packages?.[0]).toMatchObject({ type: 'npm', isDeclared: true, foundIn: path });
    expect(damage).toBeUndefined();
  });

  it('keeps development dependencies that are also needed at run time', () => {
    const { packages } = bunLock.analyze({ path, content: fixture('peers.lock') });
    expect(packages?.map(({ name }) => name).toSorted()).toEqual([
      'js-tokens',
      'loose-envify',
      'react',
      'use-sync-external-store',
    ]);
  });

  it('resolves nested copies of packages', () => {
    const packages = {
      own: ['own@workspace:packages/own'],
      'own/a': ['a@3.0.0', '', {}],
      '@s/b': [
        '@s/b@1.0.0',
        '',
        { dependencies: { a: '^2', c: '1' }, peerDependencies: { d: '1' }, optionalPeers: ['d'] },
      ],
      '@s/b/a': ['a@2.0.0', '', { dependencies: { c: '1' } }],
      '@s/b/a/c': ['c@9.0.0', '', {}],
      a: ['a@1.0.0', '', {}],
      c: ['c@1.0.0', '', {}],
      d: ['d@1.0.0', '', {}],
      git: ['git@github:u/r#0123456', {}, 'u-r-0123456'],
    };
    const root = { name: 'app', dependencies: { '@s/b': '1', git: 'u/r' }, devDependencies: { a: '1' } };
    const workspaces = { '': root, 'packages/own': { name: 'own', dependencies: { a: '3' } } };
    expect(read({ lockfileVersion: 1, workspaces, packages })?.toSorted()).toEqual([
      '@s/b@1.0.0',
      'a@2.0.0',
      'a@3.0.0',
      'c@1.0.0',
      'c@9.0.0',
    ]);
  });

  it('names packages at addresses, whose version is not there', () => {
    const packages = {
      archive: ['archive@https://example.com/archive-1.tgz', {}, ''],
      folder: ['folder@file:vendored', {}],
      git: ['git@git+ssh://git@example.com/u/r#0123456', {}, ''],
      hub: ['hub@github:u/r#0123456', {}, ''],
    };
    const root = { name: 'app', dependencies: Object.fromEntries(Object.keys(packages).map((name) => [name, '*'])) };
    const content = Buffer.from(JSON.stringify({ lockfileVersion: 1, workspaces: { '': root }, packages }));
    expect(bunLock.analyze({ path: 'app/bun.lock', content })).toEqual({
      packages: [],
      unpinned: { type: 'npm', names: ['archive', 'git', 'hub'] },
    });
  });

  it.each([{}, [], 'x', { packages: {} }])('rejects %j', (lock) => {
    expect(() => read(lock)).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
  });

  describe('bun.lockb', () => {
    // Written by Bun 1.1.45 and 1.3.0: an alias, a scope, a workspace, a prerelease, and
    // development dependencies.
    const versions = [2, 3].map((version) => [version, fixture(`version-${version}.lockb`)] as const);
    const readBinary = (content: Buffer) =>
      bunLock
        .analyze({ path: 'app/bun.lockb', content })
        .packages?.map(({ name, version }) => `${name}@${version}`)
        .toSorted();

    it.each(versions)('version %i is read without folders and development dependencies', (_, content) => {
      expect(readBinary(content)).toEqual([
        '@hapi/bourne@2.0.0',
        'color-convert@0.5.3',
        'debug@2.6.9',
        'escape-html@1.0.3',
        'ms@2.0.0',
        'preact@10.0.0-rc.1',
        'supports-preserve-symlinks-flag@1.0.0',
      ]);
    });

    it.each(versions)('version %i names packages of a repository or an archive elsewhere', (version, content) => {
      const header = content.indexOf('lockfile-format-v0\n') + 'lockfile-format-v0\n'.length + 4 + 32 + 8;
      const [packages, start] = [0, 24].map((at) => Number(content.readBigUInt64LE(header + at))) as [number, number];
      const changed = Buffer.from(content);
      for (let id = 0; id < packages; id += 1) {
        const at = start + packages * 16 + id * (version === 2 ? 64 : 72);
        if (changed[at] === 2) changed[at] = [16, 24, 32, 80][id % 4]!;
      }
      const { packages: found, unpinned } = bunLock.analyze({ path: 'app/bun.lockb', content: changed });
      expect(found).toEqual([]);
      expect(unpinned?.names).toContain('@hapi/bourne');
      expect(unpinned?.names).toHaveLength(7);
    });

    it.each(versions)('version %i that is broken only costs itself', (_, content) => {
      expect(unexpectedErrors(bunLock, { path: 'app/bun.lockb', content })).toEqual([]);
    });

    it('rejects another version by its number', () => {
      const content = Buffer.from(versions[0]![1]);
      content.writeUInt32LE(9, 42);
      expect(() => readBinary(content)).toThrow(MalformedFile);
      expect(() => readBinary(content)).toThrow(/version 9/);
    });

    it('limits overlapping slices', () => {
      const content = Buffer.from(versions[0]![1]);
      const packages = content.readUInt32LE(86);
      // The slices of dependencies, of which each package now has all that a number can say.
      const column = content.readUInt32LE(110) + packages * (8 + 8 + 64);
      for (let id = 0; id < packages; id += 1) content.writeUInt32LE(0xffffffff, column + id * 8 + 4);
      expect(() => readBinary(content)).toThrow(expect.objectContaining({ limit: 'maxDependencies' }));
    });
  });
});
