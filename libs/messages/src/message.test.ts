import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { clean, count, countsText, enumerate, fact, maxItems, section, timeText } from './message.js';

describe('clean', () => {
  it.each([
    ['plain text', 'plain text'],
    ['two\r\nlines\tand tabs', 'two lines and tabs'],
    ['a\u0000b\u001b[31mred', 'ab[31mred'],
    ['invoice\u202Efdp.exe', 'invoicefdp.exe'],
    ['\u2066isolated\u2069 \u200fmark', 'isolated mark'],
    ['zero\u200bwidth\ufeff', 'zerowidth'],
    ['soft\u00adhyphen', 'softhyphen'],
    ['line\u2028separator\u2029two\u0085three', 'line separator two three'],
    ['tag\u{e0041}s', 'tags'],
    ['family 👩\u200d👧', 'family 👩\u200d👧'],
    ['half \ud83d pair', 'half \ufffd pair'],
    ['  padded  ', 'padded'],
  ])('makes %j %j', (text, expected) => {
    expect(clean(text, 100)).toBe(expected);
  });

  it('leaves no control, no line break, no direction mark, no half character, and keeps to the length', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.integer({ min: 1, max: 40 }), (text, maxChars) => {
        const shown = clean(text, maxChars);
        expect(shown).not.toMatch(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
        expect(shown.isWellFormed()).toBe(true);
        expect(shown.length).toBeLessThanOrEqual(maxChars);
      }),
    );
  });
});

it('shows the first items of a section and counts the others', () => {
  const items = Array.from({ length: maxItems + 37 }, (_, index) => ({
    severity: null,
    text: `item ${index}`,
    detail: null,
    isNew: false,
  }));
  const [shown] = section('Many', items);
  expect(shown?.items).toHaveLength(maxItems);
  expect(shown?.omitted).toBe(37);
  expect(section('None', [])).toEqual([]);
});

it('leaves out an unknown fact', () => {
  expect(fact('User', null)).toEqual([]);
  expect(fact('User', '\u200b')).toEqual([]);
  expect(fact('User', 'root\n')).toEqual([{ label: 'User', value: 'root' }]);
});

it.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a and b'],
  [['a', 'b', 'c'], 'a, b and c'],
  [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more'],
])('enumerates %j as %j', (names, expected) => {
  expect(enumerate(names, 3)).toBe(expected);
});

it('words numbers and times', () => {
  expect(count(1, 'finding')).toBe('1 finding');
  expect(count(0, 'vulnerability', 'vulnerabilities')).toBe('0 vulnerabilities');
  expect(countsText({ unknown: 1, low: 0, high: 2, critical: 3, medium: 0, negligible: 0 })).toBe(
    '3 critical, 2 high, 1 of unknown severity',
  );
  expect(timeText('2026-11-25T10:42:31.123456789Z')).toBe('2026-11-25 10:42 UTC');
  expect(timeText('yesterday')).toBe('yesterday');
});
