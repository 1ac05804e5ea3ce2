import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors, zipArchive } from '@tidewaiter/testkit';

import { yarnCache } from './yarn-cache.js';

const path = 'app/.yarn/cache/x-npm-1.0.0-0123456789-0123456789.zip';
const read = (...files: [name: string, content: string][]) =>
  yarnCache.analyze({ path, content: zipArchive(files.map(([name, content]) => ({ name, content }))) });

describe('yarnCache', () => {
  it.each([
    ['app/.yarn/cache/lodash-npm-4.17.21-6382451519-c08619c038.zip', 'PK', true],
    ['.yarn/cache/@babel-core-npm-7.0.0-1-2.zip', 'PK', true],
    ['root/.yarn/berry/cache/lodash-npm-4.17.21-6382451519-10c0.zip', 'PK', true],
    ['app/.yarn/cache/lodash.zip', '', false],
    ['app/.yarn/cache/a/b.zip', 'PK', false],
    ['app/cache/lodash.zip', 'PK', false],
    ['app/.yarn/cache/.gitignore', 'PK', false],
  ])('decides whether to read %j that begins with %j: %s', (path, head, expected) => {
    expect(yarnCache.wants(path, Buffer.from(head))).toBe(expected);
  });

  const ms = readFileSync(join(__dirname, 'fixtures/ms-npm-2.0.0.zip'));

  // Manifest and license of ms 2.0.0, stored by Yarn at its default level of compression.
  it('reads an archive as Yarn writes it', () => {
    expect(yarnCache.analyze({ path, content: ms }).packages).toMatchObject([
      { type: 'npm', name: 'ms', version: '2.0.0', licenses: ['MIT'], foundIn: path },
    ]);
  });

  it('reads the package and no bundled ones', () => {
    const own = '{"name":"@a/b","version":"1.0.0"}';
    const other = '{"name":"c","version":"2.0.0"}';
    const files: [string, string][] = [
      ['node_modules/@a/b/node_modules/c/package.json', other],
      ['node_modules/@a/b/lib/package.json', '{}'],
      ['node_modules/@a/b/package.json', own],
    ];
    expect(read(...files).packages).toMatchObject([{ name: '@a/b', version: '1.0.0' }]);
  });

  it('reports files that are no archives of Yarn', () => {
    expect(() => read(['package.json', '{}'])).toThrow(MalformedFile);
    expect(() => yarnCache.analyze({ path, content: Buffer.from('PK') })).toThrow(MalformedFile);
  });

  it('accepts any broken archive', () => {
    expect(unexpectedErrors(yarnCache, { path, content: ms })).toEqual([]);
  });
});
