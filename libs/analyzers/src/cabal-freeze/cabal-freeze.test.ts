import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { cabalFreeze } from './cabal-freeze.js';

// Written by hand as Cabal 3 would write it, with a constraint without `any.` of older versions.
const content = readFileSync(join(__dirname, 'fixtures/cabal.project.freeze'));
const path = 'app/cabal.project.freeze';

describe('cabalFreeze', () => {
  it.each([
    ['cabal.project.freeze', true],
    ['app/cabal.project.freeze', true],
    ['app/cabal.project', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(cabalFreeze.wants(path, new Uint8Array())).toBe(expected);
  });

  it('reads exact versions and no flags', () => {
    const { packages, damage } = cabalFreeze.analyze({ path, content });
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'OneTuple@0.4.1.1',
      'aeson@2.1.2.1',
      'base@4.18.2.1',
      'text-short@0.1.5',
    ]);
    expect(packages?.[0]).toMatchObject({ type: 'hackage', isDeclared: true, foundIn: path });
    expect(damage).toBeUndefined();
  });

  it.each([
    ['constraints: a ==1.0,b ==2.0', ['a', 'b']],
    ['constraints: a ==1.*, b >=1 && ==2.0\r\n', []],
    ['constraints: a ==1.0\r\n', ['a']],
  ])('parses %j', (text, expected) => {
    expect(cabalFreeze.analyze({ path, content: Buffer.from(text) }).packages?.map(({ name }) => name)).toEqual(
      expected,
    );
  });

  it('rejects other files', () => {
    expect(() => cabalFreeze.analyze({ path, content: Buffer.from('packages: .') })).toThrow(
      expect.objectContaining({ code: 'MALFORMED_FILE' }),
    );
  });
});
