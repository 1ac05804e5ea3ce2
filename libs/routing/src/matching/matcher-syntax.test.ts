import { InvalidInput } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { parseMatchers, parseSilenceMatchers } from './matcher-syntax.js';
import { createMatcher, formatMatcher, matches } from './matcher.js';
import type { Matcher } from './matcher.js';

const plain = (matchers: Matcher[]) => matchers.map(({ name, operator, value }) => [name, operator, value]);

describe('parseMatchers', () => {
  it.each<[string, string[][]]>([
    // Both syntaxes read these alike.
    ['', []],
    ['{}', []],
    [' { } ', []],
    ['severity=critical', [['severity', '=', 'critical']]],
    ['severity = "critical"', [['severity', '=', 'critical']]],
    ['{severity="critical"}', [['severity', '=', 'critical']]],
    ['a!=b', [['a', '!=', 'b']]],
    ['a=~"b|c"', [['a', '=~', 'b|c']]],
    ['a!~"b.*"', [['a', '!~', 'b.*']]],
    ['a=""', [['a', '=', '']]],
    [
      'a="b,c",d="}"',
      [
        ['a', '=', 'b,c'],
        ['d', '=', '}'],
      ],
    ],
    [
      '{a=b, c!=d,}',
      [
        ['a', '=', 'b'],
        ['c', '!=', 'd'],
      ],
    ],
    [
      '{\n  a = "b",\n  c =~ "d",\n}\n',
      [
        ['a', '=', 'b'],
        ['c', '=~', 'd'],
      ],
    ],
    ['a="say \\"hi\\", \\\\ and\\nbye"', [['a', '=', 'say "hi", \\ and\nbye']]],
    ['repository=registry.example.com/shop/app', [['repository', '=', 'registry.example.com/shop/app']]],
    // UTF-8 alone.
    ['Προμηθεύς=🙂', [['Προμηθεύς', '=', '🙂']]],
    ['"with space"="x"', [['with space', '=', 'x']]],
    ['"a\\"b"=c', [['a"b', '=', 'c']]],
    ['image.tag=~[a-z]+', [['image.tag', '=~', '[a-z]+']]],
    ['"a"="\\x41\\u0042\\U00000043\\104\\t\\a"', [['a', '=', 'ABCD\t\u0007']]],
    ['"é"="\\xf0\\x9f\\x99\\x82"', [['é', '=', '🙂']]],
    // Classic alone.
    ['a=', [['a', '=', '']]],
    ['a=b c', [['a', '=', 'b c']]],
    ['a=b=c', [['a', '=', 'b=c']]],
    ['a=~"\\d+"', [['a', '=~', '\\d+']]],
    ['a="x\ny"', [['a', '=', 'x\ny']]],
    ["a='b'", [['a', '=', "'b'"]]],
    [
      'a=b\\,c=d',
      [
        ['a', '=', 'b\\'],
        ['c', '=', 'd'],
      ],
    ],
    [
      'a="b\\\\",c="d"',
      [
        ['a', '=', 'b\\'],
        ['c', '=', 'd'],
      ],
    ],
    // Both read it, differently: Alertmanager takes the classic meaning.
    ['a="\\xf0\\x9f\\x99\\x82"', [['a', '=', '\\xf0\\x9f\\x99\\x82']]],
    ['a="\\t"', [['a', '=', '\\t']]],
  ])('reads %j', (text, expected) => {
    expect(plain(parseMatchers(text))).toEqual(expected);
  });

  it.each([
    ['a', 'expected one of = != =~ !~ at the end'],
    ['=b', 'expected a label name at character 1'],
    ['""=b', 'a label name must not be empty'],
    [',', 'expected a label name at character 1'],
    ['{,}', 'expected a comma or a closing brace at character 2'],
    ['{a=b', 'expected a comma or a closing brace at the end'],
    ['a=b}', 'expected a comma or the end at character 4'],
    ['{{a=b}}', 'expected a comma or a closing brace at character 2'],
    ['a=b,,c=d', 'expected a comma or the end at character 5'],
    ['a=~[0-9]{2}', 'expected a comma or the end at character 9'],
    ['"a"="b', 'unexpected character or unclosed quote at character 5'],
    ['a="b"c"', 'unexpected character or unclosed quote at character 7'],
    ['"a"="\\q"', 'a quoted string has an unknown escape or a line break'],
    ['"a"="\\xff"', 'a quoted string is not UTF-8'],
    ['"a"="\\400"', 'an octal escape is larger than a byte'],
    ['"a"="\\ud800"', 'an escape is not a Unicode character'],
    ['"a"="\\U00110000"', 'an escape is not a Unicode character'],
    ['a=~"("', 'not an RE2 expression: missing closing )'],
    ['a=~"(?=b)"', 'not an RE2 expression: invalid or unsupported Perl syntax'],
    ['a=~"(b{100}){100}"', 'not an RE2 expression: invalid repeat count'],
    ['a=~"(bbbbbbbbbbbbbbbbbbbb){1000}"', 'the expression compiles to more than 10000 instructions'],
    [`a="${'b'.repeat(4096)}"`, 'longer than 4096 characters'],
  ])('refuses %j', (text, message) => {
    expect(() => parseMatchers(text)).toThrow(expect.objectContaining({ code: 'MATCHER_INVALID', message }));
  });

  it.each([
    ['a="b"', { a: 'b' }, true],
    ['a="b"', { a: 'B' }, false],
    ['a="b"', {}, false],
    ['a=""', {}, true],
    ['a!="b"', {}, true],
    ['a!="b"', { a: 'b' }, false],
    // Anchored at both ends, around every branch.
    ['a=~"b|cd"', { a: 'cd' }, true],
    ['a=~"b|cd"', { a: 'bd' }, false],
    ['a=~"b"', { a: 'abc' }, false],
    ['a=~"^(b|c)$"', { a: 'c' }, true],
    ['a=~".*"', {}, true],
    ['a=~".+"', {}, false],
    ['a=~"b.c"', { a: 'b\nc' }, false],
    ['a=~"(?i)b"', { a: 'B' }, true],
    ['a!~"b.*"', { a: 'bcd' }, false],
    ['a!~"b.*"', {}, true],
    ['a=~"(?s)b.c"', { a: 'b\nc' }, true],
    // Names of Object.prototype are labels like any other.
    ['constructor=""', {}, true],
    ['__proto__="x"', JSON.parse('{"__proto__":"x"}') as Record<string, string>, true],
  ])('%s against %j is %j', (text, labels, expected) => {
    expect(parseMatchers(text).every((matcher) => matches(matcher, labels))).toBe(expected);
  });

  it('answers where a backtracking engine never would', () => {
    const [matcher] = parseMatchers('a=~"(x+x+)+y"');
    expect(matcher?.accepts('x'.repeat(50_000))).toBe(false);
  });

  const operator = fc.constantFrom('=', '!=');
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom(...'ab_:{}!=~,\\"\'`\n\t '.split('')),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
    maxLength: 12,
  });

  it('reads back every matcher that it prints', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text.filter(Boolean), operator, text), { maxLength: 4 }), (parts) => {
        const matchers = parts.map(([name, op, value]) => createMatcher(name, op, value));
        expect(plain(parseMatchers(`{${matchers.map(formatMatcher).join(',')}}`))).toEqual(plain(matchers));
      }),
      { numRuns: 1_000 },
    );
  });

  it('throws nothing but InvalidInput', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab=!~{},"\\ nx0[(*|'.split('')), maxLength: 20 }), (input) => {
        try {
          expect(Array.isArray(parseMatchers(input))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('parseSilenceMatchers', () => {
  it('returns matchers that an alert without their label does not meet', () => {
    expect(plain(parseSilenceMatchers(['rule=~".*"', 'severity="low"']))).toEqual([
      ['rule', '=~', '.*'],
      ['severity', '=', 'low'],
    ]);
  });

  it.each([[[]], [['rule=~".*"']], [['rule!="x"', 'severity=""']]])('rejects %j, which every alert meets', (texts) => {
    expect(() => parseSilenceMatchers(texts)).toThrow(expect.objectContaining({ code: 'MATCHER_INVALID' }));
  });
});
