import { cut, printable, widthOf } from './printable.js';

it.each([
  ['plain text, 100 %', 'plain text, 100 %'],
  ['Grüße, 漢字 😀', 'Grüße, 漢字 😀'],
  ['a\nb\tc\r', 'a\uFFFDb\uFFFDc\uFFFD'],
  ['\u001B[31m', '\uFFFD[31m'],
  ['\u009B31m', '\uFFFD31m'],
  ['a\u202Eb\u200Bc\uFEFF', 'a\uFFFDb\uFFFDc\uFFFD'],
  ['\u2028\u2029\uD800\uE000', '\uFFFD\uFFFD\uFFFD\uFFFD'],
  ['\u3164\u{E0041}', '\uFFFD\uFFFD'],
])('writes %j as %j', (text, expected) => {
  expect(printable(text)).toBe(expected);
});

it('cuts with an ellipsis, and no character in two', () => {
  expect(cut('12345', 5)).toBe('12345');
  expect(cut('123456', 5)).toBe('1234…');
  expect(cut('123😀6', 5)).toBe('123…');
});

it.each([
  ['abc', 3],
  ['漢字', 4],
  ['😀', 2],
  ['e\u0301', 1],
])('takes %j to be %i columns wide', (text, columns) => {
  expect(widthOf(text)).toBe(columns);
});
