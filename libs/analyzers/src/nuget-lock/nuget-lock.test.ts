import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';

import { nugetLock } from './nuget-lock.js';

// Written by hand as NuGet 6 writes it.
const content = readFileSync(join(__dirname, 'fixtures/packages.lock.json'));
const path = 'src/packages.lock.json';

describe('nugetLock', () => {
  it.each([
    ['packages.lock.json', true],
    ['src/packages.lock.json', true],
    ['src/packages.Shop.Core.lock.json', true],
    ['src/package-lock.json', false],
    ['src/mypackages.lock.json', false],
    ['src/packages.lock.json/x', false],
    ['src/deno.lock.json', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(nugetLock.wants(path, new Uint8Array())).toBe(expected);
  });

  it('reads the packages of all frameworks, each once, as declared', () => {
    const { packages, damage } = nugetLock.analyze({ path, content });
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'Newtonsoft.Json@13.0.1',
      'Serilog@2.12.0',
      'System.Text.Encodings.Web@6.0.0',
      'System.Text.Encodings.Web@8.0.0',
    ]);
    expect(packages?.[0]).toEqual({
      type: 'nuget',
      name: 'Newtonsoft.Json',
      version: '13.0.1',
      source: { name: 'Newtonsoft.Json', version: '13.0.1' },
      licenses: [],
      foundIn: path,
      isDeclared: true,
    });
    expect(damage).toBeUndefined();
  });

  it('counts unreadable packages', () => {
    const text =
      '{ "dependencies": { "net8.0": { "a": { "type": "Direct" }, "{b}": { "type": "Direct", "resolved": "1.0" }, "__proto__": 1 } } }';
    expect(nugetLock.analyze({ path, content: Buffer.from(text) })).toMatchObject({
      packages: [],
      damage: expect.stringMatching(/^2 records/),
    });
  });

  it.each(['', '[]', '{}', '{ "dependencies": "x" }'])('rejects %j', (text) => {
    expect(() => nugetLock.analyze({ path, content: Buffer.from(text) })).toThrow(MalformedFile);
  });

  it('throws only its own errors for a damaged file', () => {
    expect(unexpectedErrors(nugetLock, { path, content })).toEqual([]);
  });
});
