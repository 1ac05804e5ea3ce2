import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { itWith, sharedData } from '@tidewaiter/testkit';

import { npmLock } from './npm-lock.js';

// Written by npm 6 (v1) and 10 for an application with an alias, a scope, a folder and a dependency
// for development.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const path = 'app/package-lock.json';
const read = (lock: unknown) => npmLock.analyze({ path, content: Buffer.from(JSON.stringify(lock)) });
const namesOf = (lock: unknown) => read(lock).packages?.map(({ name, version }) => `${name}@${version}`);

describe('npmLock', () => {
  it.each([
    ['package-lock.json', true],
    ['srv/app/package-lock.json', true],
    ['srv/app/npm-shrinkwrap.json', true],
    ['app/node_modules/.package-lock.json', false],
    ['app/node_modules/a/package-lock.json', false],
    ['app/node_modules/a/npm-shrinkwrap.json', false],
    ['app/xpackage-lock.json', false],
    ['app/package-lock.json.bak', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(npmLock.wants(path, new Uint8Array())).toBe(expected);
  });

  it.each(['v1.json', 'v2.json', 'v3.json'])('reads %s without folders and development dependencies', (file) => {
    const { packages, damage } = npmLock.analyze({ path, content: fixture(file) });
    expect(packages?.map(({ name, version }) => `${name}@${version}`).toSorted()).toEqual([
      '@hapi/bourne@2.0.0',
      'fsevents@2.3.2',
      'lodash@3.10.1',
      'minimist@1.2.8',
      'mkdirp@0.5.5',
    ]);
    expect(packages?.[0]).toMatchObject({ type: 'npm', isDeclared: true, foundIn: path });
    expect(damage).toBeUndefined();
  });

  it('reads licenses and nested copies, each version once', () => {
    const lock = {
      lockfileVersion: 3,
      packages: {
        '': { name: 'app', version: '1.0.0' },
        'packages/own': { version: '2.0.0' },
        'node_modules/own': { resolved: 'packages/own', link: true },
        'node_modules/a': { version: '1.0.0', license: 'MIT' },
        'packages/own/node_modules/a': { version: '1.0.0' },
        'node_modules/a/node_modules/@s/b': { version: '2.0.0', devOptional: true },
        'node_modules/left': { version: '1.0.0', extraneous: true },
        'node_modules/archive': { version: '1.0.0', resolved: 'file:archive.tgz' },
        'node_modules/missing-peer': { optional: true, peer: true },
      },
    };
    expect(namesOf(lock)).toEqual(['a@1.0.0', '@s/b@2.0.0']);
    expect(read(lock).packages?.[0]?.licenses).toEqual(['MIT']);
  });

  it('reads nested packages of version 1, and names those at addresses, whose version is not there', () => {
    const dependencies = {
      a: { version: '1.0.0', dev: true, dependencies: { b: { version: '2.0.0', bundled: true } } },
      git: { version: 'git+ssh://git@github.com/a/b.git#0123456' },
      hub: { version: 'github:a/b#0123456' },
      archive: { version: 'https://example.com/a.tgz' },
      alias: { version: 'npm:@s/real@3.0.0' },
      own: { version: 'file:packages/own' },
    };
    expect(read({ lockfileVersion: 1, dependencies }).unpinned).toEqual({
      type: 'npm',
      names: ['git', 'hub', 'archive'],
    });
    expect(namesOf({ lockfileVersion: 1, dependencies })?.toSorted()).toEqual(['@s/real@3.0.0', 'b@2.0.0']);
  });

  it('counts invalid packages and keeps the others', () => {
    const packages = { 'node_modules/{{name}}': { version: '1.0.0' }, 'node_modules/a': { version: 1 } };
    expect(read({ packages: { ...packages, 'node_modules/good': { version: '1.0.0' } } })).toMatchObject({
      packages: [{ name: 'good' }],
      damage: expect.stringMatching(/^2 /),
    });
  });

  it('reads a package with the name __proto__', () => {
    const content = Buffer.from(
      '{"packages": {"node_modules/__proto__": {"version": "1.0.0", "__proto__": {"dev": true}}}}',
    );
    expect(npmLock.analyze({ path, content }).packages).toMatchObject([{ name: '__proto__', version: '1.0.0' }]);
    expect(({} as Record<string, unknown>)['dev']).toBeUndefined();
  });

  it('rejects too deep dependencies and other files', () => {
    const deep = `${'{"dependencies":{"a":'.repeat(500)}{}${'}}'.repeat(500)}`;
    expect(() => npmLock.analyze({ path, content: Buffer.from(deep) })).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', limit: 'maxDepth' }),
    );
    expect(() => read([])).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
  });

  const corpus = sharedData('corpus');

  interface Truth {
    packages: { type: string; name: string; version: string; path?: string; layer?: number }[];
    removed: { name: string; version: string }[];
  }

  itWith(corpus)('reads all that npm installs from the lock file of node-app', () => {
    const truth: Truth = JSON.parse(readFileSync(join(corpus.path, 'truth/node-app.json'), 'utf8'));
    const installed = truth.packages.filter(({ path, layer }) => path?.startsWith('usr/src/app/') && layer === 1);
    const { packages, damage } = npmLock.analyze({
      path,
      content: readFileSync(join(corpus.path, 'data/node-app/package-lock.json')),
    });
    const names = new Set([...installed, ...truth.removed].map(({ name, version }) => `${name}@${version}`));
    expect(packages?.map(({ name, version }) => `${name}@${version}`).toSorted()).toEqual([...names].toSorted());
    expect(damage).toBeUndefined();
  });

  it('counts a package of a registry without a version', () => {
    const resolved = 'https://npm.example.com/lodash/-/lodash-4.17.4.tgz';
    const lock = { lockfileVersion: 3, packages: { 'node_modules/lodash': { resolved } } };
    const { damage } = npmLock.analyze({ path: 'package-lock.json', content: Buffer.from(JSON.stringify(lock)) });
    expect(damage).toMatch(/^1 /);
  });
});
