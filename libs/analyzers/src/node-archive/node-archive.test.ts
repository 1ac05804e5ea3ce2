import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors, zipArchive } from '@tidewaiter/testkit';

import { nodeArchive } from './node-archive.js';

// mkdirp 0.5.5 from npm's registry.
const mkdirp = readFileSync(join(__dirname, 'fixtures/mkdirp.json'), 'utf8');
const path = 'var/task/function.zip';
const content = zipArchive([
  { name: 'index.js', content: '' },
  { name: 'node_modules/mkdirp/package.json', content: mkdirp },
  { name: 'node_modules/a/node_modules/@s/b/package.json', content: '{"name":"@s/b","version":"1.0.0"}' },
  { name: 'node_modules/a/lib/package.json', content: '{"name":"inner","version":"1.0.0"}' },
]);
const head = content.subarray(0, 512);

describe('nodeArchive', () => {
  it.each([
    [path, head, true],
    ['opt/extension.vsix', head, true],
    ['opt/anything', head, true],
    ['srv/a-1.0-py3-none-any.whl', head, false],
    ['app/.yarn/cache/mkdirp-npm-0.5.5-x.zip', head, false],
    [path, Buffer.from('#!/bin/sh'), false],
  ])('decides whether to read %j', (at, start, expected) => {
    expect(nodeArchive.wants(at, start)).toBe(expected);
  });

  it('reads the packages of node_modules', () => {
    const { packages } = nodeArchive.analyze({ path, content });
    expect(packages?.map(({ name, version, foundIn }) => [name, version, foundIn])).toEqual([
      ['mkdirp', '0.5.5', `${path}!/node_modules/mkdirp/package.json`],
      ['@s/b', '1.0.0', `${path}!/node_modules/a/node_modules/@s/b/package.json`],
    ]);
  });

  it('counts manifests that cannot be read', () => {
    const broken = { name: 'node_modules/x/package.json', content: '{' };
    const good = { name: 'node_modules/y/package.json', content: '{"name":"y","version":"1.0.0"}' };
    const { packages, damage } = nodeArchive.analyze({ path, content: zipArchive([broken, good]) });
    expect([packages?.length, damage]).toEqual([1, expect.stringContaining('1 records')]);
  });

  it('returns nothing for other archives, also damaged ones', () => {
    expect(nodeArchive.analyze({ path, content: zipArchive([{ name: 'a', content: 'b' }]) })).toEqual({});
    expect(nodeArchive.analyze({ path, content: content.subarray(0, 100) })).toEqual({});
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(nodeArchive, { path, content })).toEqual([]);
  });
});
