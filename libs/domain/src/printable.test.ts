import { cut, printable } from './printable.js';

describe('printable', () => {
  it.each([
    ['plain text, 100 %', 'plain text, 100 %'],
    ['Grüße, 漢字 😀', 'Grüße, 漢字 😀'],
    ['a\nb\tc\r', 'a\uFFFDb\uFFFDc\uFFFD'],
    ['\u001B[31m', '\uFFFD[31m'],
    ['\u009B31m', '\uFFFD31m'],
    ['a\u202Eb\u200Bc\uFEFF', 'a\uFFFDb\uFFFDc\uFFFD'],
    ['\u2028\u2029\uD800\uE000', '\uFFFD\uFFFD\uFFFD\uFFFD'],
    ['\u3164\u{E0041}', '\uFFFD\uFFFD'],
    ['plain, with Ünïcode', 'plain, with Ünïcode'],
    ['a\nb\x1b[31m', 'a\uFFFDb\uFFFD[31m'],
    ['turned \u202Egnp.exe', 'turned \uFFFDgnp.exe'],
    ['half \uD800', 'half \uFFFD'],
  ])('formats %j as %j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('cuts with an ellipsis and never inside a character', () => {
    expect(cut('12345', 5)).toBe('12345');
    expect(cut('123456', 5)).toBe('1234…');
    expect(cut('123😀6', 5)).toBe('123…');
    expect(cut('ab😀cd', 4)).toBe('ab…');
    expect(cut('ab😀cd', 5)).toBe('ab😀…');
    expect(cut('ab😀cd', 6)).toBe('ab😀cd');
  });
});
