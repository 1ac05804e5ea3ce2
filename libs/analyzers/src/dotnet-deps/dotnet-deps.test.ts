import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';

import { dotnetDeps } from './dotnet-deps.js';

// Written by hand as `dotnet publish --self-contained` of .NET 8 would write it.
const content = readFileSync(join(__dirname, 'fixtures/shop.deps.json'));
const path = 'app/Shop.deps.json';
const read = (document: unknown) => dotnetDeps.analyze({ path, content: Buffer.from(JSON.stringify(document)) });

describe('dotnetDeps', () => {
  it.each([
    ['app/Shop.deps.json', true],
    ['usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json', true],
    ['app/deps.json', false],
    ['app/Shop.deps.json.bak', false],
    ['app/Shop.runtimeconfig.json', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(dotnetDeps.wants(path, new Uint8Array())).toBe(expected);
  });

  it('reads loaded packages and the runtime, but no projects, compilers and collections', () => {
    const { packages, damage } = dotnetDeps.analyze({ path, content });
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'Microsoft.NETCore.App.Runtime.linux-x64@8.0.1',
      'Newtonsoft.Json@13.0.1',
      'SQLitePCLRaw.lib.e_sqlite3@2.1.4',
      'Acme.Old@3.1.0',
    ]);
    expect(packages?.[1]).toEqual({
      type: 'nuget',
      name: 'Newtonsoft.Json',
      version: '13.0.1',
      source: { name: 'Newtonsoft.Json', version: '13.0.1' },
      licenses: [],
      foundIn: path,
    });
    expect(damage).toBeUndefined();
  });

  it('reads valid libraries between broken ones and counts the broken ones', () => {
    const libraries = {
      'good/1.0.0': { type: 'package' },
      '{{name}}/1.0.0': { type: 'package' },
      'no-version': { type: 'package' },
      'text/1.0.0': 'package',
    };
    expect(read({ libraries })).toMatchObject({
      packages: [{ name: 'good' }],
      damage: expect.stringMatching(/^2 records/),
    });
  });

  it('accepts names of the language as keys', () => {
    const document = JSON.parse(
      '{ "runtimeTarget": { "name": "__proto__" }, "targets": {}, "libraries": { "__proto__": { "type": "package" }, "a/1.0": { "type": "package" } } }',
    );
    expect(read(document).packages).toMatchObject([{ name: 'a' }]);
  });

  it.each(['', '[]', '{}', '{ "libraries": 1 }', 'null', '\u0000'])('rejects %j', (text) => {
    expect(() => dotnetDeps.analyze({ path, content: Buffer.from(text) })).toThrow(MalformedFile);
  });

  it('throws only its own errors for a damaged file', () => {
    expect(unexpectedErrors(dotnetDeps, { path, content })).toEqual([]);
  });
});
