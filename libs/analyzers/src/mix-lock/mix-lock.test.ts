import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { mixLock } from './mix-lock.js';

// Written by hand as mix writes it, with an entry of Hex before 2.0 (uuid) and one of an
// organization (billing).
const content = readFileSync(join(__dirname, 'fixtures/mix.lock'));
const path = 'app/mix.lock';

describe('mixLock', () => {
  it.each([
    ['mix.lock', true],
    ['app/mix.lock', true],
    ['app/deps/plug/mix.lock', false],
    ['app/mix.exs', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(mixLock.wants(path, new Uint8Array())).toBe(expected);
  });

  it("reads Hex's public packages by their own names", () => {
    const { packages, damage } = mixLock.analyze({ path, content });
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'castore@1.0.5',
      'plug@1.15.3',
      'uuid_erl@2.0.1',
    ]);
    expect(packages?.[0]).toMatchObject({ type: 'hex', isDeclared: true, foundIn: path });
    expect(damage).toBeUndefined();
  });

  it('counts unreadable entries', () => {
    const text =
      '%{\n  "a": {:hex, a, 1},\n  "b": {:hex, :b, "#{1}"},\n  "c": {:hex, :c, "1.0.0", "x", [:mix], [], "hexpm"},\n}\n';
    expect(mixLock.analyze({ path, content: Buffer.from(text) })).toMatchObject({
      packages: [{ name: 'c' }],
      damage: expect.stringMatching(/^2 /),
    });
  });

  it('rejects other files', () => {
    expect(() => mixLock.analyze({ path, content: Buffer.from('[]') })).toThrow(
      expect.objectContaining({ code: 'MALFORMED_FILE' }),
    );
  });
});
