import { fit, printable } from './terminal.js';

it.each([
  ['plain, with Ünïcode', 'plain, with Ünïcode'],
  ['a\nb\x1b[31m', 'a\uFFFDb\uFFFD[31m'],
  ['turned \u202Egnp.exe', 'turned \uFFFDgnp.exe'],
  ['half \uD800', 'half \uFFFD'],
])('makes %j printable', (text, expected) => {
  expect(printable(text)).toBe(expected);
});

it.each([
  [false, 10, 'x'.repeat(60), 60],
  [true, 50, 'x'.repeat(60), 50],
  [true, 50, 'x'.repeat(50), 50],
  [true, 5, 'x'.repeat(60), 40],
])('fits a line: terminal %s of %i columns', (isTTY, columns, line, length) => {
  expect(fit(line, { isTTY, columns })).toHaveLength(length);
});
