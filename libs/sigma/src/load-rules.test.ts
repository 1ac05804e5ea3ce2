import { jsonEvent } from './json-event.js';
import { loadRules } from './load-rules.js';
import { readPipeline } from './pipeline.js';

const linux = [{ product: 'linux', category: 'process_creation' }];

function rule(detection: string, more = ''): string {
  return `title: t\n${more}logsource: { product: linux, category: process_creation }\ndetection: ${detection}\n`;
}

function matches(detection: string, event: object): boolean {
  const { rules, refused } = loadRules([{ path: 'r.yml', text: rule(`{ s: ${detection}, condition: s }`) }]);
  expect(refused).toEqual([]);
  return rules.match(jsonEvent(event, linux)).length > 0;
}

describe('what an item asks', () => {
  it.each([
    ['{ f: 7 }', { f: '007' }, true],
    ['{ f: 7 }', { f: '7.50' }, false],
    ['{ f: 1.50 }', { f: '1.5' }, true],
    ['{ f: 12345678901234567890 }', { f: '12345678901234567890' }, true],
    ['{ f: 12345678901234567890 }', { f: '12345678901234567891' }, false],
    ['{ f: [null, x] }', { g: 1 }, true],
    ['{ f: [null, x] }', { f: '' }, false],
    ["{ f|startswith: '' }", { f: '' }, true],
    ["{ f|endswith: '' }", {}, false],
    ['{ f: x }', { f: [[['X']]] }, true],
    ['{ f|contains: "b\\":1" }', { f: { b: 1 } }, true],
    ['{ f|re|contains: a.c }', { f: 'xabcx' }, true],
    ['{ f|time|x: 1 }'.replace('|time|x', '|hour|gte'), { f: '2026-03-01T22:00:00Z' }, true],
    ['{ f|hour: 22 }', { f: '2026-03-02T00:30:00+02:00' }, true],
    ['{ f|hour: 22 }', { f: '2026-03-01 22:00:00' }, true],
    ['{ f|week: 53 }', { f: '2027-01-03' }, true],
    ['{ f|minute: 1 }', { f: '2026-02-31T00:61:00Z' }, false],
    ['{ f|cidr: 10.0.0.0/8 }', { f: '::ffff:10.1.2.3' }, true],
    ['{ f|cidr: 10.0.0.0/8 }', { f: '10.1.2.03' }, false],
    ['{ f|cidr: "::/0" }', { f: '1.2.3.4' }, true],
    ['{ f|cidr: 10.0.0.7 }', { f: ['10.0.0.6', '10.0.0.7'] }, true],
    ['{ f|fieldref|startswith: g }', { f: 'ABC', g: 'ab' }, true],
    ['{ f|fieldref|cased: g }', { f: 'A', g: 'a' }, false],
    ['{ f|fieldref|contains: g }', { f: 'abc', g: 'a*c' }, false],
    ['{ f|wide|contains: ok }', { f: 'xo\0k\0' }, true],
    ['{ f|base64offset|contains: 1 }', { f: 'abc' }, false],
    ['{ "|all": [a, b] }', { x: 'a', y: { z: ['b'] } }, true],
    ['{ "|re": "^a+$" }', { x: ['b', 'aaa'] }, true],
    ['{ "|contains|cased": Foo }', { x: 'a foo' }, false],
    ['[a, [{ f: 1 }, b*c]]', { x: 'abxxc' }, true],
    ['{ f|exists: false }', { f: null }, false],
    ['{ f|neq: [x, y] }', {}, true],
    ['{ f|all|contains: [a, b] }', { f: ['xa', 'xb'] }, true],
    ['{ f|re: "a.c" }', { f: 'a\rc' }, true],
    [String.raw`{ f|re: '\u0041\x42\/\-\_' }`, { f: 'AB/-_' }, true],
    [String.raw`{ f|re: '\\u0041' }`, { f: String.raw`\u0041` }, true],
  ])('%s of %j is %s', (detection, event, expected) => {
    expect(matches(detection, event)).toBe(expected);
  });
});

it.each([
  ['{ f|re|windash: -a }', /stands behind one that takes no text/],
  ['{ f|cidr: 10.0.0.1/8 }', /bits set behind its prefix/],
  ['{ f|cidr: host }', /is no network/],
  ['{ f|lt|gt: 1 }', /stands alone/],
  ['{ f|exists: null }', /exists takes true or false/],
  ['{ f|contains: null }', /null has no text/],
  ['{ f|hour: three }', /takes a number/],
  ['{ f|i: x }', /belong to re/],
  ['{ f|re|cased: x }', /cased belongs to text/],
  ['{ "|gt": 1 }', /without a field takes text/],
  ['{ f: { g: 1 } }', /a value must be text/],
  ['{ f|fieldref: "a*" }', /without wildcards/],
])('refuses %s', (detection, reason) => {
  const { rules, refused } = loadRules([{ path: 'r.yml', text: rule(`{ s: ${detection}, condition: s }`) }]);
  expect(rules.rules).toEqual([]);
  expect(refused).toEqual([{ file: 'r.yml', line: 3, title: 't', reason: expect.stringMatching(reason) }]);
});

it('reads operators in any case, and names that hold them', () => {
  const text = rule('{ notes: x, Or-ders: y, condition: "notes AND Not Or-ders" }');
  const { rules, refused } = loadRules([{ path: 'r.yml', text }]);
  expect(refused).toEqual([]);
  expect([{ a: 'x' }, { a: 'x', b: 'y' }].map((event) => rules.match(jsonEvent(event, linux)).length)).toEqual([1, 0]);
});

it('takes several conditions for alternatives', () => {
  const { rules } = loadRules([{ path: 'r.yml', text: rule('{ a: x, b: y, condition: [a, b] }') }]);
  expect([{ f: 'x' }, { f: 'y' }, { f: 'z' }].map((event) => rules.match(jsonEvent(event, linux)).length)).toEqual([
    1, 1, 0,
  ]);
});

it('keeps what a rule says of itself, and what Sigma does not know', () => {
  const more =
    'author: A, B\nlicense: DRL-1.1\ntags: [attack.t1059]\nlevel: high\ntidewaiter: { finding: drift, joins: [1, null] }\n';
  const { rules } = loadRules([{ path: 'x/r.yml', text: rule('{ s: x, condition: s }', more) }]);
  expect(rules.rules).toEqual([
    {
      ...{ id: 'x/r.yml:1', name: null, title: 't', level: 'high', author: 'A, B', license: 'DRL-1.1', status: null },
      ...{ description: null, references: [], tags: ['attack.t1059'], falsepositives: [], file: 'x/r.yml', line: 1 },
      custom: { tidewaiter: { finding: 'drift', joins: [1, null] } },
    },
  ]);
});

it('gives an id or name to the first rule that has it', () => {
  const files = ['id: a\n', 'id: b\nname: a\n', 'id: c\n'].map((more, index) => ({
    path: `${index}.yml`,
    text: rule('{ s: x, condition: s }', more),
  }));
  const { rules, refused } = loadRules(files);
  expect(rules.rules.map(({ id }) => id)).toEqual(['a', 'c']);
  expect(refused).toEqual([{ file: '1.yml', line: 1, title: 't', reason: '0.yml:1 has the same name' }]);
});

it('names every field that rules and correlations ask for', () => {
  const correlation = `title: c\ncorrelation: { type: value_count, rules: [r], group-by: [host, who], timespan: 1m, aliases: { who: { r: User } }, condition: { field: port, gte: 2 } }\n`;
  const text = `${rule('{ s: { a|fieldref: b, c.d: 1 }, k: x, condition: s or k }', 'name: r\n')}---\n${correlation}`;
  const { rules, correlations, refused } = loadRules([{ path: 'r.yml', text }]);
  expect(refused).toEqual([]);
  expect([...rules.fields].toSorted()).toEqual(['User', 'a', 'b', 'c.d', 'host', 'port']);
  expect([correlations.length, rules.rules.map((each) => rules.isPart(each))]).toEqual([1, [true]]);
});

it('reports a filter that is about nothing, and one that keeps what it selects', () => {
  const filter = (rules: string, condition: string) =>
    `title: f\nlogsource: { product: linux }\nfilter: { rules: ${rules}, s: { User: root }, condition: ${condition} }\n`;
  const { refused, warnings } = loadRules([
    { path: 'r.yml', text: rule('{ s: x, condition: s }', 'id: here\n') },
    { path: 'f.yml', text: `${filter('[gone]', 'not s')}---\n${filter('[here, gone]', 's')}` },
  ]);
  expect(refused).toEqual([{ file: 'f.yml', line: 1, title: 'f', reason: 'the filter is about no rule that is here' }]);
  expect(warnings).toEqual([{ file: 'f.yml', line: 5, title: 'f', reason: expect.stringContaining('keeps only') }]);
});

it('reads again only what has changed', () => {
  const files = [0, 1].map((index) => ({
    path: `${index}.yml`,
    text: rule('{ s: x, condition: s }', `id: r${index}\n`),
  }));
  const first = loadRules(files);
  const changed = [files[0]!, { path: '1.yml', text: files[1]!.text.replace('s: x', 's: y') }];
  const second = loadRules(changed, { previous: first });
  expect(second.rules.rules[0]).toBe(first.rules.rules[0]);
  expect(second.rules.rules[1]).not.toBe(first.rules.rules[1]);
  expect(second.rules.match(jsonEvent({ f: 'y' }, linux)).map(({ rule: { id } }) => id)).toEqual(['r1']);
  const others = loadRules(changed, { previous: second, placeholders: { a: ['b'] } });
  expect(others.rules.rules[0]).not.toBe(first.rules.rules[0]);
});

it('keeps a rule whose document is wrong now, until its file is right or gone', () => {
  const [good, other] = ['x', 'y'].map((value) => rule(`{ s: ${value}, condition: s }`, `id: ${value}\n`));
  const load = (text: string, previous?: ReturnType<typeof loadRules>) =>
    loadRules([{ path: 'a.yml', text }], previous && { previous });
  const met = ({ rules }: ReturnType<typeof loadRules>) =>
    ['x', 'y', 'z'].filter((f) => rules.match(jsonEvent({ f }, linux)).length > 0);
  const first = load(good!);
  expect(first.superseded).toEqual([]);
  // The other documents of a wrong version are in use.
  let wrong = load(`${other!}---\ntitle: only`, first);
  expect(met(wrong)).toEqual(['x', 'y']);
  wrong = load('title: [', wrong);
  expect(met(wrong)).toEqual(['x', 'y']);
  expect(wrong.superseded).toMatchObject([{ file: 'a.yml', line: expect.any(Number) }]);
  expect(wrong.refused).toEqual(wrong.superseded);
  // A changed rule replaces the kept one.
  wrong = load(`${rule('{ s: z, condition: s }', 'id: x\n')}---\ntitle: only`, wrong);
  expect(met(wrong)).toEqual(['y', 'z']);
  const right = load(other!, wrong);
  expect([met(right), right.superseded, right.refused]).toEqual([['y'], [], []]);
  const gone = loadRules([], { previous: wrong });
  expect([met(gone), gone.superseded]).toEqual([[], []]);
});

it('has no version to keep of a file that was wrong from the start', () => {
  const first = loadRules([{ path: 'a.yml', text: 'title: only' }]);
  const again = loadRules([{ path: 'a.yml', text: 'title: still' }], { previous: first });
  expect([again.refused.length, again.superseded]).toEqual([1, []]);
});

it('evaluates by the new rules where some are the same as before', () => {
  const exec = { path: 'exec.yml', text: rule('{ s: x, condition: s }', 'id: exec\n') };
  const dns = { path: 'dns.yml', text: exec.text.replace('process_creation', 'dns_query').replace('exec', 'dns') };
  const kinds = [linux, [{ product: 'linux', category: 'dns_query' }]];
  const met = ({ rules }: ReturnType<typeof loadRules>) =>
    kinds.map((kind) => rules.match(jsonEvent({ f: 'x' }, kind)).map(({ rule: { id } }) => id));
  const first = loadRules([exec, dns]);
  expect(met(first)).toEqual([['exec'], ['dns']]);
  const second = loadRules([exec, { ...dns, text: dns.text.replace('s: x', 's: y') }], { previous: first });
  expect([met(second), met(first)]).toEqual([
    [['exec'], []],
    [['exec'], ['dns']],
  ]);
  expect(met(loadRules([dns], { previous: second }))).toEqual([[], ['dns']]);
});

it('explains a match by what the event has', () => {
  const text = rule(
    '{ s: { Image|endswith: [/nc, /ncat], n|gte: 3 }, k: [evil], not_here: { User: root }, condition: (s or k) and not not_here }',
  );
  const { rules } = loadRules([{ path: 'r.yml', text }]);
  const why = (event: object) => rules.match(jsonEvent(event, linux)).map((match) => match.explain());
  expect(why({ Image: ['/bin/sh', '/bin/NC'], n: 4 })).toEqual([
    [
      { field: 'Image', value: '/bin/NC', test: 'endswith /nc' },
      { field: 'n', value: '4', test: 'gte 3' },
    ],
  ]);
  expect(why({ a: ['x', 'an Evil thing'] })).toEqual([[{ field: '*', value: 'an Evil thing', test: 'contains evil' }]]);
});

describe('pipelines', () => {
  function run(pipeline: string, detection: string, event: object, source = linux) {
    const pipelines = [readPipeline({ path: 'p.yml', text: pipeline })];
    const { rules, refused } = loadRules([{ path: 'r.yml', text: rule(detection) }], { pipelines });
    return refused[0]?.reason ?? rules.match(jsonEvent(event, source)).length > 0;
  }

  const image = '{ s: { Image: /bin/sh }, condition: s }';
  const isLinux = 'rule_conditions: [{ type: logsource, product: linux }]';

  it.each([
    ['{ type: field_name_mapping, mapping: { Image: process.path } }', { process: { path: '/bin/sh' } }, true],
    ['{ type: field_name_mapping, mapping: { Image: [exe, path] } }', { path: '/bin/sh' }, true],
    ['{ type: field_name_mapping, mapping: { Other: exe } }', { exe: '/bin/sh' }, false],
    ['{ type: field_name_prefix, prefix: win. }', { win: { Image: '/bin/sh' } }, true],
    ['{ type: field_name_suffix, suffix: .text }', { Image: { text: '/bin/sh' } }, true],
    [`{ type: add_condition, conditions: { host: a }, ${isLinux} }`, { Image: '/bin/sh', host: 'b' }, false],
    [`{ type: add_condition, conditions: { host|contains: a }, negated: true }`, { Image: '/bin/sh', host: 'b' }, true],
    [`{ type: rule_failure, message: no, ${isLinux}, rule_cond_not: true }`, { Image: '/bin/sh' }, true],
    [`{ type: rule_failure, message: not here, ${isLinux} }`, {}, 'not here'],
    ['{ type: change_logsource, product: other }', { Image: '/bin/sh' }, false],
  ])('%s', (transformation, event, expected) => {
    expect(run(`transformations: [${transformation}]`, image, event)).toBe(expected);
  });

  it('leave out what is asked of a field', () => {
    const drop =
      'transformations: [{ type: drop_detection_item, field_name_conditions: [{ type: include_fields, fields: [User] }] }]';
    expect(run(drop, '{ s: { Image: /bin/sh, User: root }, condition: s }', { Image: '/bin/sh' })).toBe(true);
    expect(run(drop, '{ s: { User: root }, condition: s }', {})).toMatch(/drops everything/);
  });

  it('give placeholders their values, in the order of their priorities', () => {
    const detection = '{ s: { User|expand: "%admins%" }, condition: s }';
    expect(run('vars: { admins: [alice, bob] }', detection, { User: 'Bob' })).toBe(true);
    expect(run('vars: { others: [alice] }', detection, { User: 'alice' })).toMatch(/"admins" has no value/);
  });

  it.each([
    ['transformations: [{ type: brew }]', '1: unknown transformation "brew"'],
    [
      'name: p\ntransformations:\n  - { type: field_name_mapping, maping: {} }',
      '3: field_name_mapping has the unknown key "maping"',
    ],
    [
      'transformations: [{ type: rule_failure, rule_conditions: [{ type: moon }] }]',
      '1: unknown rule condition "moon"',
    ],
    ['a: b', '1: a pipeline has the unknown key "a"'],
  ])('are refused as a whole: %s', (text, reason) => {
    expect(() => readPipeline({ path: 'p.yml', text })).toThrow(`p.yml:${reason}`);
  });
});
