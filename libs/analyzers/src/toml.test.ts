import { LimitExceeded, MalformedFile, TidewaiterError } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { readToml } from './toml.js';

const read = (text: string) => readToml(Buffer.from(text));

describe('readToml', () => {
  it('reads tables, with or without byte order mark', () => {
    expect(read('\uFEFF[[package]]\r\nname = "a" # b\r\n')).toEqual({ package: [{ name: 'a' }] });
  });

  it('drops keys that reach prototypes', () => {
    expect(Object.keys(read('[__proto__]\na = 1\n[b]\nconstructor = 1\n__proto__ = 2\n'))).toEqual(['b']);
    expect(({} as { a?: number }).a).toBeUndefined();
  });

  it.each([
    'a',
    'a = ',
    '[a\n',
    'a = 1\n[a.b]\n',
    'a = 1\na.b = 2\n',
    `a = ${'['.repeat(1000)}`,
    'a = "\n',
    'a = 1979-99-99',
  ])('rejects %j', (text) => {
    expect(() => read(text)).toThrow(MalformedFile);
  });

  it.each([
    ['keys', `x = 1\n${'a.'.repeat(1 << 20)}b = 1\n`],
    ['tables', '[[a]]\n'.repeat(1 << 19)],
    ['inline tables', `a = [${'{},'.repeat(1 << 20)}]`],
  ])('rejects more %s than the limit', (_, text) => {
    expect(() => read(text)).toThrow(new LimitExceeded('maxTomlNodes', 'TOML of more than 300000 tables and keys'));
  });

  it('throws only its own errors', () => {
    const piece = fc.constantFrom(
      'a',
      '.',
      ' = ',
      '1',
      '[',
      ']',
      '[[',
      ']]',
      '{',
      '}',
      '"',
      "'",
      '\n',
      ',',
      '\\',
      '#',
      '-',
      ':',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          read(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(TidewaiterError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
