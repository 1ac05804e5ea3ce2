import * as fc from 'fast-check';

import { decodeName, encodeName, hasParentSegment, linkDestination, normalizePath } from './paths.js';

describe('paths of a layer', () => {
  it.each([
    ['etc/passwd', 'etc/passwd'],
    ['./etc/passwd', 'etc/passwd'],
    ['/etc//passwd/', 'etc/passwd'],
    ['./', ''],
    ['..', ''],
    ['../../etc/shadow', 'etc/shadow'],
    ['a/../b', 'b'],
    ['a/./b/../../../c', 'c'],
    ['..a/b..', '..a/b..'],
    [String.raw`..\..\windows`, String.raw`..\..\windows`],
  ])('normalize %s to %s', (name, path) => {
    expect(normalizePath(name)).toBe(path);
  });

  it.each([
    ['../a', true],
    ['a/..', true],
    ['a..b/c', false],
    ['.../a', false],
  ])('detect parent segments in %s: %s', (name, climbs) => {
    expect(hasParentSegment(name)).toBe(climbs);
  });

  it.each([
    ['etc/os-release', '../usr/lib/os-release', 'usr/lib/os-release'],
    ['etc/os-release', '/usr/lib/os-release', 'usr/lib/os-release'],
    ['a/b/link', '../../../../etc/shadow', 'etc/shadow'],
    ['link', 'target', 'target'],
  ])('resolve a link at %s to %s as %s', (path, target, destination) => {
    expect(linkDestination(path, target)).toBe(destination);
  });

  it('are reversible and storable for any name', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const name = decodeName(Buffer.from(bytes));
        expect(encodeName(name)).toEqual(Buffer.from(bytes));
        expect(name.isWellFormed()).toBe(true);
      }),
    );
  });

  it.each([
    ['plain ASCII', Buffer.from('usr/bin'), 'usr/bin'],
    ['UTF-8', Buffer.from('café/日本'), 'café/日本'],
    ['Latin-1', Buffer.from([0x61, 0xe4]), 'a\uEFE4'],
    ['UTF-8 behind a stray byte', Buffer.from([0xff, 0xc3, 0xa9]), '\uEFFFé'],
    ['an escape character of our own', Buffer.from('\uEF80'), '\uEFEE\uEFBE\uEF80'],
  ])('decode %s', (_, bytes, text) => {
    expect(decodeName(bytes)).toBe(text);
  });
});
