import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { compileRules, readCompiledRules } from './compiled-rules.js';
import { loadRules } from './load-rules.js';
import type { RuleFile } from './rule-document.js';
import { readParts } from './rule-parts.js';

const logsource = 'logsource: { product: linux, category: process_creation }';
const text = (id: string, detection: string, more = '') =>
  `title: t\nid: ${id}\n${logsource}\ndetection: { s: ${detection}, condition: s }\n${more}`;

const rules = [
  text('a', String.raw`{ f: ['x*y?z', 'a\*b', 7, null, true], '|contains': [one, two] }`),
  text('b', '{ f|cidr: [10.0.0.0/8, "fd00::/8"], g|fieldref|startswith: f, h|exists: true }'),
  text('c', "{ f|re|i: '^a+(b|c)$', g|cased|endswith: Z, h|gte: 1.5, i|hour: 22 }", 'sensors: { only: [tetragon] }\n'),
  text('d', '{ f|neq: [x, y] }', 'level: high\ntags: [attack.t1611]\n'),
];
const correlation = `title: c\nid: e\ncorrelation: { type: temporal, rules: [a, b], group-by: [x], timespan: 5m, aliases: { x: { a: f, b: g } }, condition: a and b }\n`;
const files: RuleFile[] = [
  [...rules, correlation].join('---\n'),
  ...rules.map((each) => each.replace('id: ', 'id: alone-')),
].map((each, index) => ({ path: `${index}.yml`, text: each }));
const accept = () => null;
const shipped = resolve(import.meta.dirname, '../../../rules');

function compiledParts(all: readonly RuleFile[], validate: () => string | null = accept) {
  const loaded = loadRules(all, { compiled: readCompiledRules(compileRules(all)), validate });
  return [...loaded.files.byPath.values()].map(({ parts }) => parts);
}

describe('compileRules', () => {
  it('restores every kind of test, and correlations with aliases', () => {
    const parsed = files.map((file) => readParts(file, new Map(), accept));
    expect(parsed.flat().filter(({ kind }) => kind === 'refused')).toEqual([]);
    expect(readCompiledRules(compileRules(files)).size).toBe(files.length);
    expect(compiledParts(files)).toEqual(parsed);
  });

  it('restores shipped rules as they are parsed', () => {
    const all = readdirSync(shipped, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.yml'))
      // Parsing all takes long.
      .filter((_, index) => index % 10 === 0)
      .map((path) => ({ path, text: readFileSync(join(shipped, path), 'utf8') }));
    expect(readCompiledRules(compileRules(all)).size).toBe(new Set(all.map((each) => each.text)).size);
    expect(compiledParts(all)).toEqual(all.map((file) => readParts(file, new Map(), accept)));
  });

  it.each([
    ['a document is refused', text('a', '{ f|re: "(" }')],
    ['a document has no id', rules[0]!.replace('id: a\n', '')],
    ['a document is a filter', `title: f\n${logsource}\nfilter: { rules: any, s: { f: 1 }, condition: not s }\n`],
    ['an expression is too costly', text('a', "{ f|re: 'a.{50}b' }")],
  ])('leaves out a file where %s', (_, each) => {
    const file = { path: 'x.yml', text: each };
    const compiled = readCompiledRules(compileRules([file]));
    expect(compiled.size).toBe(0);
    expect(loadRules([file], { compiled }).refused).toEqual(loadRules([file]).refused);
  });

  it('gives a rule the path under which it is loaded', () => {
    const compiled = readCompiledRules(compileRules(files.slice(1, 2)));
    const [info] = loadRules([{ ...files[1]!, path: 'other.yml' }], { compiled }).rules.rules;
    expect(info?.file).toBe('other.yml');
  });

  it('refuses a compiled rule for the reason that validation gives now', () => {
    const one = files.slice(1, 2);
    const [refused] = compiledParts(one, () => 'no').flat();
    expect(refused).toEqual({ kind: 'refused', refused: { file: '1.yml', line: 1, title: 't', reason: 'no' } });
  });

  it('parses a file with another text, and all files where values have placeholders', () => {
    const compiled = readCompiledRules(compileRules([{ path: 'x.yml', text: text('a', '{ f: "%v%" }') }]));
    const load = (each: string, placeholders = {}) =>
      loadRules([{ path: 'x.yml', text: each }], { compiled, placeholders });
    expect(load(text('a', '{ g: y }')).rules.fields).toEqual(new Set(['g']));
    const expanded = load(text('a', '{ f|expand: "%v%" }'), { v: ['y'] });
    expect(expanded.refused).toEqual([]);
    expect([...expanded.files.byPath.values()][0]?.parts[0]).toMatchObject({
      rule: { expression: { leaf: { test: { text: ['y'] } } } },
    });
  });
});
