import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { nodePackage } from './node-package.js';

// mkdirp 0.5.5, lodash 3.10.1 and @hapi/bourne 2.0.0 from npm's registry.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const path = 'app/node_modules/x/package.json';
const read = (manifest: unknown) =>
  nodePackage.analyze({
    path,
    content: Buffer.from(typeof manifest === 'string' ? manifest : JSON.stringify(manifest)),
  });

const npmHost = (domain: string) => ['registry', 'npmjs', domain].join('.');

describe('nodePackage', () => {
  it.each([
    ['node_modules/lodash/package.json', true],
    ['usr/src/app/node_modules/@babel/core/package.json', true],
    ['app/node_modules/a/node_modules/b/package.json', true],
    ['app/node_modules/.pnpm/@hapi+hoek@8.5.0/node_modules/@hapi/hoek/package.json', true],
    ['app/.yarn/unplugged/esbuild-npm-0.1.0-abc/node_modules/esbuild/package.json', true],
    ['usr/local/lib/node_modules/npm/node_modules/@npmcli/arborist/package.json', true],
    ['root/.bun/install/global/node_modules/prettier/package.json', true],
    ['app/test/fixtures/site/node_modules/express/package.json', true],
    ['app/node_modules/test/node_modules/a/package.json', true],
    ['app/node_modules/@types/test/node_modules/a/package.json', true],
    ['opt/yarn-v1.22.22/package.json', true],
    ['root/.bun/install/cache/react@19.1.0@@@1/package.json', true],
    ['root/.bun/install/cache/@types/node@22.1.0@@@1/package.json', true],
    ['deno-dir/npm/npm.example.com/lodash/4.17.4/package.json', true],
    ['root/.cache/deno/npm/localhost_4873/@babel/core/7.0.0/package.json', true],
    ['deno-dir/npm/npm.example.com/lodash/4.17.4/fp/package.json', false],
    ['usr/lib/node_modules/npm/docs/lodash/4.17.4/package.json', false],
    ['root/.bun/install/cache/react@19.1.0@@@1/esm/package.json', false],
    ['root/.bun/install/cache/react/19.1.0@@@1/package.json', false],
    ['root/.cache/node/corepack/v1/pnpm/9.15.9/package.json', true],
    ['package.json', false],
    ['usr/src/app/package.json', false],
    ['app/node_modules/package.json', false],
    ['app/node_modules/@babel/package.json', false],
    ['app/node_modules/.pnpm/package.json', false],
    ['app/node_modules/lodash/fp/package.json', false],
    ['app/node_modules/resolve/test/resolver/baz/package.json', false],
    ['app/node_modules/resolve/test/resolver/node_modules/foo/package.json', false],
    ['app/node_modules/@scope/tool/lib/__tests__/x/node_modules/foo/package.json', false],
    ['app/my_node_modules/lodash/package.json', false],
    ['app/node_modules/lodash/package.json5', false],
    ['opt/yarn-v1.22.22/lib/package.json', false],
    ['root/.cache/node/corepack/v1/pnpm/9.15.9/dist/package.json', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(nodePackage.wants(path, new Uint8Array())).toBe(expected);
  });

  it.each([
    ['mkdirp.json', 'mkdirp', '0.5.5', ['MIT']],
    ['lodash3.json', 'lodash', '3.10.1', ['MIT']],
    ['hapi-bourne.json', '@hapi/bourne', '2.0.0', ['BSD-3-Clause']],
  ])('parses %s', (file, name, version, licenses) => {
    expect(nodePackage.analyze({ path, content: fixture(file) })).toEqual({
      packages: [{ type: 'npm', name, version, source: { name, version }, licenses, foundIn: path }],
    });
  });

  it.each([
    [{ license: 'MIT' }, ['MIT']],
    [{ license: { type: 'ISC', url: 'https://example.com' } }, ['ISC']],
    [{ licenses: [{ type: 'MIT' }, { type: 'GPL-2.0' }, 'BSD'] }, ['MIT', 'GPL-2.0', 'BSD']],
    [{ license: ['MIT', 'Apache-2.0'] }, ['MIT', 'Apache-2.0']],
    [{ license: 'SEE LICENSE IN \u001b[2JLICENSE' }, ['SEE LICENSE IN  [2JLICENSE']],
    [{ license: 7, licenses: [null] }, []],
    [{}, []],
  ])('parses the licenses of %j (%#)', (manifest, licenses) => {
    expect(read({ name: 'a', version: '1.0.0', ...manifest }).packages?.[0]?.licenses).toEqual(licenses);
  });

  it.each([
    ['a byte order mark', '\uFEFF{"name":"a","version":"1.0.0"}'],
    ['a second bracket', '{"name":"a","version":"1.0.0","x":"}\\"}"}}'],
    ['zeros', '{"name":"a","version":"1.0.0"}\0\0\0'],
    ['a v', '{"name":"a","version":" v1.0.0"}'],
    ['an equals sign', '{"name":"a","version":"=1.0.0"}'],
  ])('reads a manifest with %s', (_, text) => {
    expect(read(text).packages).toMatchObject([{ name: 'a', version: '1.0.0' }]);
  });

  it.each([{ type: 'module' }, { name: 'a' }, { version: '1.0.0' }, [], null, 'x'])(
    'warns of the unknown package of %j',
    (manifest) => {
      const unread = 'package of npm without name or version';
      expect(read(JSON.stringify(manifest))).toEqual({ packages: [], unread });
    },
  );

  it('needs no version of a private package', () => {
    expect(read({ name: 'a', private: true })).toEqual({ packages: [], isUnpublished: true });
  });

  it.each([
    [{ private: true }, true],
    [{ license: 'UNLICENSED' }, true],
    [{ publishConfig: { access: 'restricted' } }, true],
    [{ publishConfig: { registry: 'https://npm.example.com/' } }, true],
    [{ publishConfig: { registry: `https://${npmHost('org')}.example.com/` } }, true],
    [{ publishConfig: { access: 'public', registry: `https://${npmHost('org')}/` } }, undefined],
    [{ publishConfig: { registry: `https://${npmHost('com')}` } }, undefined],
    [{ private: false, license: 'MIT', publishConfig: 'x' }, undefined],
    [{ keywords: ['UNLICENSED'] }, undefined],
  ])('decides for %j whether no public registry has the package: %s', (fields, expected) => {
    expect(read(JSON.stringify({ name: 'a', ...fields })).isUnpublished).toBe(expected);
  });

  it.each([
    { name: '{{name}}', version: '{{version}}' },
    { name: 'a', version: '<%= version %>' },
    { name: '../../etc/passwd', version: '1.0.0' },
    { name: 'a b', version: '1.0.0' },
    { name: 'a', version: 1 },
    { name: { toString: 'a' }, version: '1.0.0' },
    { name: 'a', version: `1.0.0-${'x'.repeat(300)}` },
  ])('reports %j as unreadable (%#)', (manifest) => {
    expect(read(manifest)).toMatchObject({ packages: [], damage: expect.stringMatching(/^1 /) });
  });

  it.each(['', '{"name": "broken", "version": \n', '{'.repeat(100), '}', '"{'])('rejects %j', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
  });
});
