import { blockLines } from './block-mapping.js';

const read = (text: string) => [...blockLines(text)].map(({ keys, value }) => [keys.join(' > '), value]);

describe('blockLines', () => {
  it.each([
    ['a: 1\nb:\n  c: d\n  e:\n    f: g\nh: i', ['a=1', 'b=', 'b > c=d', 'b > e=', 'b > e > f=g', 'h=i']],
    ['a:\r\n  b: 1\r\n', ['a=', 'a > b=1']],
    ['# c: d\n\n  # e: f\na: 1', ['a=1']],
    [`'a: b': 'it''s'\n"c:d": "e"\n'@s/a@1': {f: g}`, ["a: b=it's", 'c:d=e', '@s/a@1={f: g}']],
    ['a:\n- b: 1\n  c: 2\n- b: 3', ['a=', 'a > b=1', 'a > c=2', 'a > b=3']],
    ['a:\n  - b: 1\n    c: 2\nd: 3', ['a=', 'a > b=1', 'a > c=2', 'd=3']],
    ['? "long"\n:\n  a: 1\nb: 2', ['long=', 'long > a=1', 'b=2']],
    ['p:\n  ? long\n  : a: 1\n    b: 2\n  c: 3', ['p=', 'p > long=', 'p > long > a=1', 'p > long > b=2', 'p > c=3']],
    ['a: |\n  b: 1\nc: 2', ['a=|', 'a > b=1', 'c=2']],
    ['a: https://x.y/z: w', ['a=https://x.y/z: w']],
    ['a:b\n- c\n"d\n:\n: \n?', []],
  ])('parses %j', (text, expected) => {
    expect(read(text).map((pair) => pair.join('='))).toEqual(expected);
  });

  it('skips lines that nest too deep', () => {
    const text = Array.from({ length: 100 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('');
    expect(read(text)).toHaveLength(16);
  });
});
