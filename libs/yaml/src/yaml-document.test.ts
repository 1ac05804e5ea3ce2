import { plainOf } from './located.js';
import type { ValueProblem, ValueRules } from './value-reader.js';
import { type ParseOptions, YamlDocument } from './yaml-document.js';

class OverLimit extends Error {}

function read(text: string, rules: Partial<ValueRules> = {}, options: ParseOptions = {}) {
  const problems: ValueProblem[] = [];
  const located = new YamlDocument(text, options).values({
    maxDepth: 10,
    maxValues: 100,
    repeatedKeys: 'first',
    problem: (problem) => problems.push(problem),
    overLimit: (limit, line) => new OverLimit(`${limit} at line ${line}`),
    ...rules,
  });
  return { located, problems };
}

describe('YamlDocument', () => {
  it('gives each value its line in the file, and a list or map that of its key', () => {
    const { located } = read('a:\n  - 1\n  - b\nc:\n', {}, { line: 5 });
    expect(located).toEqual({
      line: 5,
      value: new Map([
        [
          'a',
          {
            line: 5,
            value: [
              { value: 1, line: 6 },
              { value: 'b', line: 7 },
            ],
          },
        ],
        ['c', { value: null, line: 8 }],
      ]),
    });
  });

  it('reads scalars by the core schema, or as they were written', () => {
    const text = '[1.50, 0x10, true, ~, yes, ""]';
    expect(plainOf(read(text).located)).toEqual([1.5, 16, true, null, 'yes', '']);
    expect(plainOf(read(text, {}, { scalars: 'text' }).located)).toEqual(['1.50', '0x10', 'true', null, 'yes', '']);
  });

  it('converts scalars by the rules', () => {
    expect(plainOf(read('[1, a]', { scalar: (value, source) => `${typeof value} ${source}` }).located)).toEqual([
      'number 1',
      'string a',
    ]);
  });

  it('applies aliases and merge keys; keys of the map itself take precedence', () => {
    const { located, problems } = read('a: &x { b: 1, c: 2 }\nd: { c: 3, <<: *x }\ne: { <<: [*x, { f: 4 }] }\n');
    expect(plainOf(located)).toEqual({ a: { b: 1, c: 2 }, d: { b: 1, c: 3 }, e: { b: 1, c: 2, f: 4 } });
    expect(problems).toEqual([]);
  });

  it('takes << in quotes for a key where scalars are text', () => {
    expect(plainOf(read('"<<": { a: b }', {}, { scalars: 'text' }).located)).toEqual({ '<<': { a: 'b' } });
    expect(plainOf(read('"<<": { a: b }').located)).toEqual({ a: 'b' });
  });

  it.each<[string, ParseOptions, ValueProblem[]]>([
    ['a: *b', {}, [{ kind: 'alias without anchor', line: 1 }]],
    ['a: &a [*a]', {}, [{ kind: 'alias without anchor', line: 1 }]],
    ['x: 1\n? [a]\n: 1', {}, [{ kind: 'key without text', line: 2 }]],
    ['a: 1\nb: 2\na: 3', {}, [{ kind: 'repeated key', line: 3, key: 'a' }]],
    ['a:\n  b: 1\n  <<: 2', {}, [{ kind: 'merge of no map', line: 3, mapLine: 2 }]],
    ['~: 1', { scalars: 'text' }, [{ kind: 'key without text', line: 1 }]],
    ['a: !!set { b }', { scalars: 'text' }, [{ kind: 'unsupported tag', line: 1 }]],
  ])('records the problem of %j', (text, options, expected) => {
    expect(read(text, {}, options).problems).toEqual(expected);
  });

  it('keeps the first or the last of repeated keys', () => {
    const text = 'a: 1\na: 2';
    expect(plainOf(read(text).located)).toEqual({ a: 1 });
    const last = read(text, { repeatedKeys: 'last' });
    expect(plainOf(last.located)).toEqual({ a: 2 });
    expect(last.problems).toEqual([]);
  });

  it('limits depth, and values with aliases counted at each use, over several documents', () => {
    expect(() => read(`${'['.repeat(11)}${']'.repeat(11)}`)).toThrow('maxDepth at line 1');
    const bomb = 'a: &a [1, 1, 1, 1, 1]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b,\n  *b]';
    expect(() => read(bomb)).toThrow('maxValues at line 4');
    const counted = { values: 0 };
    read('[1, 2]', { counted });
    expect(counted).toEqual({ values: 3 });
    expect(() => read('[1, 2]', { counted, maxValues: 5 })).toThrow('maxValues at line 1');
  });

  it('reports errors by line and code, without the text', () => {
    const document = new YamlDocument('a: 1\nb: [ secret', { line: 10 });
    expect(document.errors).toEqual(
      [{ code: 'BAD_INDENT', line: 11 }].map((each) => expect.objectContaining({ line: each.line })),
    );
    expect(JSON.stringify(document.errors)).not.toContain('secret');
    expect(new YamlDocument('a: 1\na: 2', { uniqueKeys: true }).errors).toEqual([{ code: 'DUPLICATE_KEY', line: 2 }]);
    expect(new YamlDocument('a: !b c').warnings).toEqual([{ code: 'TAG_RESOLVE_FAILED', line: 1 }]);
  });

  it('finds the line of a path; a missing key is at the map that lacks it', () => {
    const document = new YamlDocument('a:\n  - b: 1\n  - c: 2\nd: 3\n');
    expect(document.lineOf(['a', 1, 'c'])).toBe(3);
    expect(document.lineOf(['a', 1, 'missing'])).toBe(3);
    expect(document.lineOf(['d'])).toBe(4);
    expect(document.lineOf([])).toBe(1);
  });

  it('returns plain values, with a limit on aliases', () => {
    expect(new YamlDocument('a: &a 1\nb: *a').plain(100)).toEqual({ a: 1, b: 1 });
    const aliases = `a: &a [1]\nb: &b [${'*a, '.repeat(20)}]\nc: [${'*b, '.repeat(20)}]`;
    expect(() => new YamlDocument(aliases).plain(100)).toThrow();
  });
});
