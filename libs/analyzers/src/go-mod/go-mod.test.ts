import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { unexpectedErrors } from '@tidewaiter/testkit';

import { goMod } from './go-mod.js';

const path = 'srv/app/go.mod';
const content = readFileSync(join(__dirname, 'fixtures/go.mod'));
const read = (text: string | Buffer) => goMod.analyze({ path, content: Buffer.from(text) });

describe('goMod', () => {
  it.each([
    ['go.mod', true],
    ['srv/app/go.mod', true],
    ['root/go/pkg/mod/golang.org/x/net@v0.1.0/go.mod', false],
    ['srv/app/vendor/x/go.mod', false],
    ['srv/cargo.mod', false],
  ])('decides whether to read %j: %s', (at, expected) => {
    expect(goMod.wants(at, new Uint8Array())).toBe(expected);
  });

  it('reads required modules with their replacements', () => {
    const { packages, damage } = read(content);
    expect(packages?.map(({ name, version, isDeclared }) => [name, version, isDeclared])).toEqual([
      ['golang.org/x/net', 'v0.1.0', true],
      ['github.com/gorilla/mux', 'v1.8.0', true],
      ['github.com/new/name', 'v1.2.0', true],
      ['example.com/local', '(devel)', true],
      ['golang.org/x/text', 'v0.3.0', true],
    ]);
    expect(damage).toBeUndefined();
  });

  it('counts requirements without a version', () => {
    expect(read('require (\r\n a.b/c\r\n a.b/d v1.0.0\r\n)\r\n').damage).toContain('1 records');
  });

  it('throws only its own errors for damaged files', () => {
    expect(unexpectedErrors(goMod, { path, content })).toEqual([]);
  });
});
