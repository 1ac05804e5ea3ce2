import { loadRules } from '../load-rules.js';
import type { CorrelationRule } from './correlation-rule.js';
import { correlationFields } from './link-correlations.js';

const ordinary = (name: string, level = 'low') => `title: ${name}
id: id-${name}
name: ${name}
logsource: { product: linux }
detection: { selection: { kind: ${name} }, condition: selection }
level: ${level}
---
`;

function load(...documents: string[]) {
  const text = [ordinary('a'), ordinary('b', 'high'), documents.join('\n---\n')].join('');
  return loadRules([{ path: 'rules.yml', text }]);
}

/** The document begins at line 15, its correlation section at line 17. */
const named = (name: string, section: string) => `title: ${name}\nname: ${name}\ncorrelation: ${section}`;

function one(section: string): CorrelationRule {
  const { correlations, refused } = load(named('x', section));
  expect(refused).toEqual([]);
  return correlations[0]!;
}

describe('readCorrelation', () => {
  it.each([
    ['no type', '{ rules: [a], timespan: 1m, condition: { gte: 1 } }', 'correlation has no type'],
    [
      'another type',
      '{ type: value_max, rules: [a], timespan: 1m, condition: { gte: 1 } }',
      /^type "value_max" is none of/,
    ],
    [
      'an unknown key',
      '{ type: event_count, rules: [a], timespan: 1m, group_by: [x], condition: { gte: 1 } }',
      /unknown key "group_by"/,
    ],
    ['no rules', '{ type: event_count, timespan: 1m, condition: { gte: 1 } }', 'correlation names no rules'],
    ['a list of no rules', '{ type: temporal, rules: [], timespan: 1m }', 'correlation names no rules'],
    [
      'a rule that is no text',
      '{ type: event_count, rules: [1], timespan: 1m, condition: { gte: 1 } }',
      'rules must be text',
    ],
    ['a rule twice', '{ type: temporal, rules: [a, a], timespan: 1m }', 'rules names "a" twice'],
    ['no timespan', '{ type: temporal, rules: [a, b] }', 'correlation has no timespan'],
    [
      'a timespan of nothing',
      '{ type: temporal, rules: [a, b], timespan: 0m }',
      /^timespan "0m" is not a positive number/,
    ],
    [
      'a timespan without a unit',
      '{ type: temporal, rules: [a, b], timespan: 10 }',
      /^timespan "10" is not a positive number/,
    ],
    [
      'a timespan of centuries',
      '{ type: temporal, rules: [a, b], timespan: 200y }',
      'timespan is longer than 3660 days',
    ],
    ['no condition', '{ type: event_count, rules: [a], timespan: 1m }', 'event_count has no condition'],
    [
      'an empty condition',
      '{ type: event_count, rules: [a], timespan: 1m, condition: {} }',
      /^condition has none of gt/,
    ],
    [
      'an unknown operator',
      '{ type: event_count, rules: [a], timespan: 1m, condition: { ge: 1 } }',
      'the condition of event_count has the unknown key "ge"',
    ],
    [
      'text for a number',
      '{ type: event_count, rules: [a], timespan: 1m, condition: { gte: many } }',
      'gte must be a number',
    ],
    [
      'a field where none is looked at',
      '{ type: event_count, rules: [a], timespan: 1m, condition: { gte: 1, field: x } }',
      /unknown key "field"/,
    ],
    [
      'no field',
      '{ type: value_sum, rules: [a], timespan: 1m, condition: { gte: 1 } }',
      'the condition of value_sum has no field',
    ],
    [
      'two fields to add up',
      '{ type: value_sum, rules: [a], timespan: 1m, condition: { field: [x, y], gte: 1 } }',
      'field names more than 1',
    ],
    [
      'a percentile of a sum',
      '{ type: value_sum, rules: [a], timespan: 1m, condition: { field: x, gte: 1, percentile: 5 } }',
      /unknown key "percentile"/,
    ],
    [
      'no percentile',
      '{ type: value_percentile, rules: [a], timespan: 1m, condition: { field: x, gte: 1 } }',
      /has no percentile$/,
    ],
    [
      'a percentile above all',
      '{ type: value_percentile, rules: [a], timespan: 1m, condition: { field: x, gte: 1, percentile: 101 } }',
      'percentile must be from 0 to 100',
    ],
    [
      'an expression over counts',
      '{ type: event_count, rules: [a], timespan: 1m, condition: a and b }',
      'the condition of event_count must be a map',
    ],
    [
      'an unknown name in the expression',
      '{ type: temporal, rules: [a, b], timespan: 1m, condition: a and c }',
      'condition names "c", which is not in rules',
    ],
    [
      'a rule that the expression forgets',
      '{ type: temporal, rules: [a, b], timespan: 1m, condition: a or a }',
      'condition does not name "b", which is in rules',
    ],
    [
      'a broken expression',
      '{ type: temporal, rules: [a, b], timespan: 1m, condition: a and (b }',
      'condition: ends too early',
    ],
    [
      'operators in capitals',
      '{ type: temporal, timespan: 1m, condition: a AND b }',
      'condition: "AND" is out of place',
    ],
    [
      'what no expression has',
      '{ type: temporal, timespan: 1m, condition: a & b }',
      'condition cannot be read from "& b"',
    ],
    [
      'generate that is no switch',
      '{ type: temporal, rules: [a, b], timespan: 1m, generate: yes please }',
      'generate must be true or false',
    ],
    [
      'an alias without rules',
      '{ type: temporal, rules: [a, b], timespan: 1m, aliases: { x: y } }',
      'the alias "x" must be a map',
    ],
    [
      'an alias of a stranger',
      '{ type: temporal, rules: [a, b], timespan: 1m, aliases: { x: { c: y } } }',
      'no rule has the id or name "c"',
    ],
    [
      'counting beyond what is kept',
      '{ type: event_count, rules: [a], timespan: 1m, condition: { gte: 70000 } }',
      'event_count does not count beyond 65535 within a group',
    ],
    ['a section that is a list', '[a, b]', 'correlation must be a map'],
  ])('refuses %s', (_, section, reason) => {
    const { correlations, refused } = load(named('x', section));
    expect(correlations).toEqual([]);
    expect(refused).toEqual([{ file: 'rules.yml', line: 17, reason: expect.stringMatching(reason), title: 'x' }]);
  });

  it('says the line of what is wrong', () => {
    const { refused } = load(
      'title: x\ncorrelation:\n  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition:\n    gte: no',
    );
    expect(refused).toMatchObject([{ line: 21, reason: 'gte must be a number' }]);
  });

  it('refuses a correlation that is an ordinary rule too', () => {
    const { refused } = load(
      `${named('x', '{ type: temporal, rules: [a, b], timespan: 1m }')}\nlogsource: { product: linux }`,
    );
    expect(refused).toMatchObject([{ line: 18, reason: 'a correlation has no logsource' }]);
  });

  it.each([
    ['10s', 10_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1w', 604_800_000],
    ['1M', 2_629_746_000],
    ['1y', 31_556_952_000],
  ])('reads %s as %i ms', (timespan, timespanMs) => {
    expect(one(`{ type: temporal, rules: [a, b], timespan: ${timespan} }`)).toMatchObject({ timespanMs });
  });

  it('takes single names for lists of one, and asks a temporal one without condition for all rules', () => {
    expect(one('{ type: temporal, rules: a, group-by: Host, timespan: 1m }')).toMatchObject({
      rules: ['a'],
      groupBy: ['Host'],
      condition: { bounds: [{ operator: 'gte', value: 1 }] },
      generate: false,
    });
  });

  it('binds not before and before or', () => {
    expect(one('{ type: temporal, timespan: 1m, condition: not a and b or a }')).toMatchObject({
      rules: ['a', 'b'],
      condition: { expression: { any: [{ all: [{ not: { rule: 'a' } }, { rule: 'b' }] }, { rule: 'a' }] } },
    });
  });

  it('refuses an ordered one that could come true in too many ways', () => {
    const names = Array.from({ length: 20 }, (_, index) => `r${index}`);
    const text = [
      ...names.map((name) => ordinary(name)),
      named('x', `{ type: temporal_ordered, rules: [${names.join()}], timespan: 1m, condition: { gte: 10 } }`),
    ].join('');
    expect(loadRules([{ path: 'rules.yml', text }]).refused).toMatchObject([
      { reason: 'temporal_ordered has more than 256 ways to come true' },
    ]);
  });
});

describe('linkCorrelations', () => {
  const both = '{ type: temporal, rules: [a, b], timespan: 1m }';

  it('puts inner ones first', () => {
    const { correlations } = load(
      named('outer', '{ type: temporal, rules: [inner, a], timespan: 1m }'),
      named('inner', both),
    );
    expect(correlations.map(({ info }) => info.name)).toEqual(['inner', 'outer']);
  });

  it('refuses whatever leans on what is not there, and keeps the rest', () => {
    const { correlations, refused, rules } = load(
      named('good', both),
      named('bad', '{ type: temporal, rules: [nope, a], timespan: 1m }'),
      named('leaning', '{ type: temporal, rules: [bad, good], timespan: 1m }'),
    );
    expect(correlations.map(({ info }) => info.name)).toEqual(['good']);
    expect(refused.map(({ title, reason }) => [title, reason])).toEqual([
      ['bad', 'no rule has the id or name "nope"'],
      ['leaning', '"bad" cannot be used: no rule has the id or name "nope"'],
    ]);
    expect(rules.rules).toHaveLength(2);
  });

  it('refuses all of a circle, each once', () => {
    const { correlations, refused } = load(
      named('x', '{ type: temporal, rules: [a, y], timespan: 1m }'),
      named('y', '{ type: temporal, rules: [z, b], timespan: 1m }'),
      named('z', '{ type: temporal, rules: [x, b], timespan: 1m }'),
      named('self', '{ type: temporal, rules: [self, b], timespan: 1m }'),
    );
    expect(correlations).toEqual([]);
    expect(refused.map(({ title = '' }) => title).toSorted()).toEqual(['self', 'x', 'y', 'z']);
  });

  it('refuses what is nested too deep', () => {
    const deep = Array.from({ length: 200 }, (_, index) =>
      named(`c${index}`, `{ type: temporal, rules: [${index === 0 ? 'a' : `c${index - 1}`}, b], timespan: 1m }`),
    );
    for (const documents of [deep, deep.toReversed()]) {
      const { correlations, refused } = load(...documents);
      expect(correlations.length).toBeLessThanOrEqual(32);
      expect(correlations.length + refused.length).toBe(200);
    }
  });

  it('replaces the level of the parts by its own, and has the highest of theirs when it has none', () => {
    const { correlations } = load(
      `${named('own', both)}\nlevel: critical`,
      named('none', both),
      named('outer', '{ type: temporal, rules: [own, a], timespan: 1m }'),
    );
    expect(correlations.map(({ info }) => [info.name, info.level])).toEqual([
      ['own', 'critical'],
      ['none', 'high'],
      ['outer', 'critical'],
    ]);
  });

  it('knows the fields that will be asked for, and which rules are parts', () => {
    const { correlations, rules } = load(
      named(
        'x',
        '{ type: value_count, rules: [a, id-b], timespan: 1m, group-by: [who, Host], aliases: { who: { a: User, b: Owner } }, condition: { field: Port, gte: 2 } }',
      ),
    );
    expect([...correlationFields(correlations)].toSorted()).toEqual(['Host', 'Owner', 'Port', 'User']);
    expect(rules.fields).toEqual(new Set(['kind', 'Host', 'Owner', 'Port', 'User']));
    expect(rules.rules.map((rule) => rules.isPart(rule))).toEqual([true, true]);
  });

  it('lets parts raise when generate is said in either place', () => {
    for (const document of [
      named('x', '{ type: temporal, rules: [a, b], timespan: 1m, generate: true }'),
      `${named('x', both)}\ngenerate: true`,
    ])
      expect(load(document).rules.rules.map((rule) => load(document).rules.isPart(rule))).toEqual([false, false]);
  });
});
