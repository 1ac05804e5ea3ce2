import * as fc from 'fast-check';

import { jsonEvent } from './json-event.js';
import { loadRules } from './load-rules.js';

const head = 'title: t\nlogsource: { product: linux }\n';
const rule = (detection: string) => `${head}detection: ${detection}\n`;

function load(text: string) {
  const { rules, refused } = loadRules([{ path: 'r.yml', text }]);
  return { count: rules.rules.length, refused: refused.map(({ line, reason }) => `${line}: ${reason}`) };
}

describe('hostile rules', () => {
  it.each([
    [
      'a bomb of aliases',
      `${head}a: &a [x, x, x, x, x, x, x, x]\n${aliases('abcdefgh')}`,
      /^\d+: more than 20000 values/,
    ],
    ['nesting', rule('['.repeat(500) + ']'.repeat(500)), /nested deeper|no valid YAML/],
    ['an alias to itself', rule('&x { a: *x }'), /no anchor above/],
    ['two keys alike', rule('{ s: { f: 1, f: 2 }, condition: s }'), /^3: duplicate key "f"/],
    ['a key that is a map', rule('{ ? { a: b } : c }'), /a key must be text/],
    [
      'a condition of many brackets',
      rule(`{ s: x, condition: "${'('.repeat(900)}s${')'.repeat(900)}" }`),
      /nested deeper/,
    ],
    ['a condition of many words', rule(`{ s: x, condition: "s${' or s'.repeat(5_000)}" }`), /more than 2000 words/],
    [
      'many dashes',
      rule(`{ s: { f|windash: "${'-a '.repeat(20)}" }, condition: s }`),
      /stands for more than 3125 others/,
    ],
    [
      'an expression that is long',
      rule(`{ s: { f|re: "${'a'.repeat(2_000)}" }, condition: s }`),
      /more than 1000 characters/,
    ],
    [
      'an expression that multiplies',
      rule('{ s: { f|re: "((a{100}){100}){100}" }, condition: s }'),
      /RE2|instructions/,
    ],
    [
      'a page of question marks',
      rule(`{ s: { f|contains: "a${'?'.repeat(80)}b" }, condition: s }`),
      /more than 64 characters/,
    ],
    ['a page of stars', rule(`{ s: { f: "${'a*'.repeat(80)}" }, condition: s }`), /more than 64 \*/],
    [
      'many expressions',
      rule(`{ s: { f|re: [${list(65, (index) => `x${index}.*y`)}] }, condition: s }`),
      /more than 64 expressions/,
    ],
    [
      'expressions that are much to read',
      rule(
        `{ s: { f|re: [${list(24, (index) => `${'abcdefgh'[index % 8]}word${index} .*-c.*socket.*(subprocess|popen|exec|/bin/sh|system)`)}] }, condition: s }`,
      ),
      /would read a value more than 5 times/,
    ],
    [
      'many stars',
      rule(`{ s: { f: [${list(251, (index) => `*a${index}*b*`)}] }, condition: s }`),
      /more than 500 pieces/,
    ],
    [
      'pieces that end with each other',
      rule(`{ s: { f: [${list(9, (index) => `*${'a'.repeat(index + 1)}*b*`)}] }, condition: s }`),
      /more than 8 pieces/,
    ],
    ['many comparisons', rule(`{ s: { f|gt: [${list(65, String)}] }, condition: s }`), /more than 64 comparisons/],
    [
      'many questions',
      rule(`{ s: { f|contains|all: [${list(5_001, (index) => `x${index}x`)}] }, condition: s }`),
      /more than 5000 questions/,
    ],
    [
      'an expression that a text could keep busy',
      rule('{ s: { f|re: "a.{50}b" }, condition: s }'),
      /in the middle of too much/,
    ],
    ['look-around', rule('{ s: { f|re: "(?<!a)b" }, condition: s }'), /look-around is not supported/],
    ['a back-reference', rule(String.raw`{ s: { f|re: '(a)\1' }, condition: s }`), /back-references are not supported/],
    [
      'a level that is none',
      rule('{ s: x, condition: s }').replace('title: t', 'title: t\nlevel: loud'),
      /^2: level "loud"/,
    ],
    ['a file that is no map', '- a\n- b\n', /a rule must be a map/],
    ['what controls a terminal', rule('{ s: { "f|\u001b[2J": 1 }, condition: s }'), /unknown modifier "\\u001b\[2J"/],
    ['global rules of Sigma 1', 'action: global\ntitle: t\n', /action is not Sigma 2/],
  ])('refuses %s', (_, text, reason) => {
    const { count, refused } = load(text);
    expect(count).toBe(0);
    expect(refused).toEqual([expect.stringMatching(reason)]);
  });

  function list(count: number, valueAt: (index: number) => string): string {
    return Array.from({ length: count }, (_, index) => `"${valueAt(index)}"`.replaceAll(/^"(\d+)"$/g, '$1')).join();
  }

  it.each([
    ['thousands of values', `f|contains: [${list(10_000, (index) => `x${index}x`)}]`],
    ['thousands of networks', `f|cidr: [${list(10_000, (index) => `10.${index >> 8}.${index & 255}.0/24`)}]`],
    ['hundreds of stars', `f: [${list(250, (index) => `*a${index}*b*`)}]`],
    ['many small expressions', `f|re: [${list(60, (index) => `[^a-z]x${index}[0-9]`)}]`],
    [
      'expressions of many fields',
      list(20, (index) => `f${index}|re: "a.*b"`)
        .replaceAll('"f', 'f')
        .replaceAll('"",', '",')
        .replaceAll('""', '"'),
    ],
  ])('takes %s', (_, items) => {
    expect(load(rule(`{ s: { ${items} }, condition: s }`))).toEqual({ count: 1, refused: [] });
  });

  function aliases(names: string): string {
    const lines = names
      .slice(1)
      .split('')
      .map((name, index) => `${name}: &${name} [${`*${names[index]}, `.repeat(9)}]`);
    return `${lines.join('\n')}\n`;
  }

  it('refuses placeholders that multiply', () => {
    const text = rule(`{ s: { f|expand: "${'%many%'.repeat(8)}" }, condition: s }`);
    const many = Array.from({ length: 1_000 }, (_, index) => `v${index}`);
    const { refused } = loadRules([{ path: 'r.yml', text }], { placeholders: { many } });
    expect(refused).toEqual([expect.objectContaining({ reason: 'placeholders stand for more than 10000 values' })]);
  });

  it('refuses one document of a file and keeps the others', () => {
    const good = rule('{ s: x, condition: s }');
    const text = [good, 'title: [\n', good.replace('title: t', 'title: u\nid: two'), rule('{ s: x }')].join('---\n');
    expect(load(text)).toEqual({
      count: 2,
      refused: [expect.stringMatching(/^[56]: no valid YAML/), '14: detection has no condition'],
    });
  });

  it('takes names of prototypes for names', () => {
    const text = rule('{ __proto__: { constructor: x }, toString: y, condition: __proto__ or toString }');
    const { rules, refused } = loadRules([{ path: 'r.yml', text: `${text}__proto__: { polluted: true }\n` }]);
    expect(refused).toEqual([]);
    const source = [{ product: 'linux' }];
    expect(rules.match(jsonEvent({}, source))).toEqual([]);
    expect(rules.match(jsonEvent({ constructor: 'x' }, source))).toHaveLength(1);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('lets nothing of a rule into code', () => {
    const evil = `"+process.exit(1)+"`;
    const literal = JSON.stringify(evil);
    const text = rule(`{ s: { ${literal}: ${literal}, "f|contains": [${literal}, "*/;throw 1//"] }, condition: s }`);
    const { rules, refused } = loadRules([{ path: 'r.yml', text }]);
    expect(refused).toEqual([]);
    expect(rules.match(jsonEvent({ [evil]: evil, f: evil }, [{ product: 'linux' }]))).toHaveLength(1);
  });

  it('throws nothing, whatever is in a file', () => {
    const piece = fc.constantFrom(
      ...[
        'title: t\n',
        'logsource: ',
        '{ product: linux }\n',
        'detection:\n',
        '  s:\n',
        '    f|re: (\n',
        '    |all: [a, b]\n',
      ],
      ...[
        '  condition: s\n',
        '  condition: 1 of s*\n',
        '---\n',
        '...\n',
        '&a ',
        '*a ',
        '<<: ',
        '? ',
        '- ',
        '  ',
        '!!js/function ',
        '"',
        "'",
      ],
      ...[
        'correlation:\n',
        '  type: temporal\n',
        '  rules: [t]\n',
        'filter:\n',
        '|',
        '>',
        '\t',
        '\0',
        '\r\n',
        '%YAML 1.1\n',
        '{',
        ']',
        ': ',
      ],
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((all) => all.join('')),
      fc.string(),
    );
    fc.assert(
      fc.property(text, (each) => {
        const { refused } = loadRules([{ path: 'r.yml', text: each }]);
        for (const { line, reason } of refused) expect([line > 0, reason.length > 0]).toEqual([true, true]);
      }),
      { numRuns: 500 },
    );
  });
});
