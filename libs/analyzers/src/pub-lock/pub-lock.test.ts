import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { pubLock } from './pub-lock.js';

// Written by hand as pub of Dart 3 writes it.
const content = readFileSync(join(__dirname, 'fixtures/pubspec.lock'));
const path = 'app/pubspec.lock';

describe('pubLock', () => {
  it.each([
    ['pubspec.lock', true],
    ['app/pubspec.lock', true],
    ['root/.pub-cache/hosted/pub.dev/a-1.0.0/pubspec.lock', false],
    ['app/pubspec.yaml', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(pubLock.wants(path, new Uint8Array())).toBe(expected);
  });

  it('reads hosted packages that are not only for development', () => {
    const { packages, damage } = pubLock.analyze({ path, content });
    expect(packages).toMatchObject([
      { type: 'pub', name: 'async', version: '2.11.0', isDeclared: true, foundIn: path },
      { type: 'pub', name: 'http', version: '0.13.6+1', isDeclared: true },
    ]);
    expect(packages).toHaveLength(2);
    expect(damage).toBeUndefined();
  });

  it('counts unreadable packages', () => {
    const text = 'packages:\n  a:\n    source: hosted\n  b-c:\n    source: hosted\n    version: "1.0.0"\n';
    expect(pubLock.analyze({ path, content: Buffer.from(text) })).toMatchObject({
      packages: [],
      damage: expect.stringMatching(/^2 /),
    });
  });

  it.each(['', 'name: app'])('rejects %j', (text) => {
    expect(() => pubLock.analyze({ path, content: Buffer.from(text) })).toThrow(
      expect.objectContaining({ code: 'MALFORMED_FILE' }),
    );
  });
});
