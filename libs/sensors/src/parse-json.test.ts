import * as fc from 'fast-check';

import { parseJson } from './parse-json.js';

describe('parseJson', () => {
  it.each([
    ['{"t":1767323045123456789}', { t: '1767323045123456789' }],
    ['[-9223372036854775808,18446744073709551615]', ['-9223372036854775808', '18446744073709551615']],
    ['[9007199254740991,9007199254740993]', [9007199254740991, '9007199254740993']],
    // Digits in a text, a key or a fraction stay as they are.
    [
      '{"a 1234567890123456789":"b: 1234567890123456789, \\" 1234567890123456789"}',
      { 'a 1234567890123456789': 'b: 1234567890123456789, " 1234567890123456789' },
    ],
    ['[0.12345678901234567890,1.5e3,12345678901234567890e0]', [0.12345678901234568, 1500, 12345678901234567e3]],
    ['{"a":"\\\\","b":12345678901234567890}', { a: '\\', b: '12345678901234567890' }],
    [' 12345678901234567890 ', '12345678901234567890'],
    ['[1e999,-1e999,1e-999]', [null, null, 0]],
    ['{"__proto__":{"polluted":true},"a":1}', { a: 1 }],
    ['{"\\u005f_proto__":1,"a":1}', { a: 1 }],
    ['["a\\u0000b","\\ud800","\\ud83d\\ude00"]', ['a\uFFFDb', '\uFFFD', '\u{1F600}']],
    ['{"a\\u0000":1}', { 'a\uFFFD': 1 }],
  ])('reads %s', (source, value) => {
    expect(parseJson(source)).toEqual(value);
  });

  it.each([
    '',
    '{',
    '[1,]',
    '{"a":12345678901234567890',
    '"abc',
    'NaN',
    '01234567890123456789',
    '- 12345678901234567890',
  ])('refuses %j', (source) => {
    expect(() => parseJson(source)).toThrow(expect.objectContaining({ code: 'BODY_NOT_JSON' }));
  });

  it.each([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"\\u0000":', '}'],
  ])('reads 64 levels of %s, and a text in place of more', (open, close) => {
    const nested = (levels: number, inner: string) => open.repeat(levels) + inner + close.repeat(levels);
    const cut = '"nested deeper than 64 levels"';
    expect(JSON.stringify(parseJson(nested(64, '1')))).not.toContain('deeper');
    for (const levels of [65, 50_000]) expect(parseJson(nested(levels, '1'))).toEqual(parseJson(nested(64, cut)));
  });

  it('refuses what is deep and never ends', () => {
    expect(() => parseJson('{"a":'.repeat(100_000))).toThrow(expect.objectContaining({ code: 'BODY_NOT_JSON' }));
  });

  it('reads what JSON.parse reads, whatever stands beside a long integer', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n }), (value, long) => {
        const [read, digits] = parseJson(`[${JSON.stringify(value)},${long}]`) as unknown[];
        expect(digits).toBe(String(long));
        expect(JSON.stringify(read)).toBe(JSON.stringify(parseJson(JSON.stringify(value))));
      }),
    );
  });
});
