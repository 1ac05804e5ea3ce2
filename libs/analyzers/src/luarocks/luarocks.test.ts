import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { luarocks } from './luarocks.js';

// As LuaRocks 3 installed it; the rock was made for this test.
const content = readFileSync(join(__dirname, 'fixtures/tide-gauge-1.0-2.rockspec'));
const path = 'usr/local/lib/luarocks/rocks-5.1/tide-gauge/1.0-2/tide-gauge-1.0-2.rockspec';
const licensesOf = (text: string) => luarocks.analyze({ path, content: Buffer.from(text) }).packages?.[0]?.licenses;

describe('luarocks', () => {
  it.each([
    [path, true],
    ['usr/lib/luarocks/rocks/lpeg/1.1.0-2/lpeg-1.1.0-2.rockspec', true],
    ['usr/lib/luarocks/rocks-5.1/lpeg/1.1.0-2/doc/lpeg-1.1.0-2.rockspec', false],
    ['usr/lib/luarocks/rocks-5.1/lpeg/1.1.0-2/lpeg-scm-1.rockspec', false],
    ['usr/lib/luarocks/rocks-5.1/lpeg/1.1.0-2/rock_manifest', false],
    ['srv/app/app-1.0-1.rockspec', false],
  ])('decides whether to read %j: %s', (file, expected) => {
    expect(luarocks.wants(file, Buffer.alloc(0))).toBe(expected);
  });

  it('reads an installed rock', () => {
    expect(luarocks.analyze({ path, content })).toEqual({
      packages: [
        {
          type: 'luarocks',
          name: 'tide-gauge',
          version: '1.0-2',
          source: { name: 'tide-gauge', version: '1.0-2' },
          licenses: ['MIT/X11'],
          foundIn: path,
        },
      ],
    });
  });

  it.each([
    ["description = { summary = 'x', license = 'MIT' }", ['MIT']],
    ['  license="Apache 2.0",', ['Apache 2.0']],
    ['-- license = "MIT"', []],
    ['license = io.read()', []],
    ['', []],
    ['license'.repeat(1 << 20), []],
  ])('parses in %.60j the licenses %j', (text, licenses) => {
    expect(licensesOf(text)).toEqual(licenses);
  });

  it('reports folders without a package name as damaged', () => {
    const foundIn = 'usr/lib/luarocks/rocks-5.1/{{a}}/1/{{a}}-1.rockspec';
    expect(luarocks.analyze({ path: foundIn, content }).damage).toBeDefined();
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(luarocks, { path, content })).toEqual([]);
  });
});
