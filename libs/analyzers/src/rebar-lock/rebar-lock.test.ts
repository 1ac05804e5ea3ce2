import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { rebarLock } from './rebar-lock.js';

// Written by hand as rebar3 prints it, with a tuple broken over lines and a package whose
// application has another name.
const content = readFileSync(join(__dirname, 'fixtures/rebar.lock'));
const path = 'app/rebar.lock';

describe('rebarLock', () => {
  it.each([
    ['rebar.lock', true],
    ['app/rebar.lock', true],
    ['app/_build/default/lib/cowboy/rebar.lock', false],
    ['app/rebar.config', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(rebarLock.wants(path, new Uint8Array())).toBe(expected);
  });

  it("reads Hex's packages by their own names", () => {
    const { packages, damage } = rebarLock.analyze({ path, content });
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'certifi@2.12.0',
      'unicode_util_compat@0.7.0',
      'uuid_erl@2.0.1',
    ]);
    expect(packages?.[0]).toMatchObject({ type: 'hex', isDeclared: true, foundIn: path });
    expect(damage).toBeUndefined();
  });

  it('reads a file without a version and counts unreadable packages', () => {
    const text = '[{<<"a">>,{pkg,<<"a">>,<<"1.0.0">>},0},\n {<<"b">>,{pkg,<<"B b">>,<<"1.0.0">>},0}].\n';
    expect(rebarLock.analyze({ path, content: Buffer.from(text) })).toMatchObject({
      packages: [{ name: 'a', version: '1.0.0' }],
      damage: expect.stringMatching(/^1 /),
    });
    expect(rebarLock.analyze({ path, content: Buffer.from('[].') })).toEqual({ packages: [] });
  });

  it('rejects other files', () => {
    expect(() => rebarLock.analyze({ path, content: Buffer.from('%{}') })).toThrow(
      expect.objectContaining({ code: 'MALFORMED_FILE' }),
    );
  });
});
