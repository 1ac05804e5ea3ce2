import * as fc from 'fast-check';

import { builtInPolicies, builtInPolicy } from './built-in.js';
import type { FindingFacts, PolicyFacts } from './facts.js';
import { readPolicy } from './policy-file.js';
import { askPolicies } from './policy.js';

const finding: FindingFacts = {
  kind: 'vulnerability',
  id: 'CVE-2026-1',
  aliases: ['GHSA-1'],
  severity: 'high',
  title: 'a hole',
  fingerprint: '1',
  package: 'openssl',
  path: 'app/lib/x.jar',
  layer: 2,
  counted: true,
  fixable: true,
  epss: 0.5,
  confidence: 'certain',
  reachability: 'unknown',
};
const facts: PolicyFacts = {
  image: { reference: 'a', os: { id: 'debian', versionId: '12' }, user: '', labels: { team: 'shop' } },
  findings: [finding, { ...finding, id: 'CVE-2026-2', severity: 'low', epss: 0.1, layer: 0 }],
  packages: [
    { purl: 'pkg:deb/debian/openssl@3', type: 'deb', name: 'openssl', version: '3', licenses: [], counted: true },
  ],
  advisories: { asOf: new Date('2026-05-01T00:00:00Z') },
  now: new Date('2026-06-01T00:00:00Z'),
};

const ask = (expression: string, about: PolicyFacts = facts) =>
  askPolicies([readPolicy(expression, 'p.cel')], about)[0]!;

describe('askPolicies', () => {
  describe.each(builtInPolicies)('built-in policy $name', ({ name, examples }) => {
    it.each(examples)('returns $result: $what', ({ facts: about, result, reason }) => {
      const [answer] = askPolicies([builtInPolicy(name, 'enforce')!], about);
      expect(answer).toEqual({ name, mode: 'enforce', result, reasons: reason === undefined ? [] : [reason] });
    });

    it('has an example of each possible answer', () => {
      expect(new Set(examples.map(({ result }) => result))).toEqual(new Set(['pass', 'fail', 'unknown']));
    });
  });

  it.each([
    ['findings.exists(f, f.severity == "high" && f.layer == 2)', 'pass'],
    ['findings.all(f, f.epss < 0.3)', 'fail'],
    ['findings[0].package == "openssl" && "GHSA-1" in findings[0].aliases', 'pass'],
    ['findings.filter(f, f.path.glob("app/**")).size() == 2', 'pass'],
    ['packages.all(p, p.type != "deb")', 'fail'],
    ['image.os.id == "debian" && image.user != ""', 'fail'],
    ['image.labels["team"] == "shop"', 'pass'],
    ['advisories.age < days(7)', 'fail'],
    ['running', 'unknown'],
    ['running || size(findings) == 2', 'pass'],
    ['running && size(findings) == 3', 'fail'],
    ['findings.exists(f, f.kev)', 'unknown'],
    ['findings.exists(f, f.kev || f.severity == "high")', 'pass'],
    ['!has(provenance.signed)', 'unknown'],
    ['image.labels["none"] == ""', 'unknown'],
    ['size(findings) / 0 == 1', 'unknown'],
    ['day(now + days(999999999999)) == ""', 'unknown'],
  ])('evaluates %s: %s', (expression, result) => {
    expect(ask(expression)).toMatchObject({ result });
  });

  it.each([
    ['findings.all(f, !f.kev)', 'needs finding.kev, which is not known'],
    ['running', 'needs running, which is not known'],
    ['image.createdAt < now', 'needs image.createdAt, which is not known'],
    ['size(findings) / 0 == 1', 'cannot be answered: division by zero'],
  ])('reports for %s the missing fact', (expression, reason) => {
    expect(ask(expression)).toMatchObject({ result: 'unknown', reasons: [reason] });
  });

  const yaml = `
name: tidy
description: Tidy.
variables:
  high: findings.filter(f, f.severity == "high")
  exploited: high.filter(f, f.kev)
rules:
  - expression: size(high) < 1
    message: '{count(high, "is", "are")} high: {ids(high)}'
  - expression: size(exploited) == 0
`;

  it('compiles variables, rules and messages', () => {
    const [answer] = askPolicies([readPolicy(yaml, 'tidy.yaml')], facts);
    expect(answer).toEqual({ name: 'tidy', mode: 'enforce', result: 'fail', reasons: ['1 is high: CVE-2026-1'] });
  });

  it('names the fact that a variable lacks', () => {
    const text = yaml.replace('size(high) < 1', 'size(high) < 9');
    const [answer] = askPolicies([readPolicy(text, 'tidy.yaml', { mode: 'audit', name: 'other' })], facts);
    expect(answer).toEqual({
      name: 'other',
      mode: 'audit',
      result: 'unknown',
      reasons: ['needs finding.kev, which is not known'],
    });
  });

  it('describes a .cel file by its first comment', () => {
    expect(ask('// Never high.\n// Not even once.\nsize(findings) == 0')).toMatchObject({
      name: 'p',
      reasons: ['Never high.'],
    });
  });

  it.each([
    ['rules: [{ expression: "size(findings)" }]', 'p.yaml:1: rules[0].expression: answers int, not true or false'],
    ['rules:\n  - expression: findings.all(f, f.kevv)', 'p.yaml:2: rules[0].expression: No such key: kevv'],
    ['rules: [{ expression: "true" }]\nrule: 1', 'p.yaml:2: unknown key: rule'],
    ['rules: []', 'p.yaml:1: rules: '],
    ['rules: [{ expression: "true" }]\nmode: block', 'p.yaml:2: mode: '],
    ['rules: [{ expression: "1 +" }]', 'p.yaml:1: rules[0].expression: Unexpected token'],
    [
      'variables: { findings: "[1]" }\nrules: [{ expression: "true" }]',
      'variables.findings: there is a fact of this name',
    ],
    ['rules: [{ expression: "true", message: "{nobody}" }]', 'rules[0].message: Unknown variable: nobody'],
    ["rules: [{ expression: \"'a'.matches('(a+)+$')\" }]", 'matches() is not offered: use glob()'],
    ['rules: [{ expression: "cel.bind(a, findings + findings, size(a) > 0)" }]', 'bind() is not offered'],
    [`rules: [{ expression: "${'('.repeat(500)}true${')'.repeat(500)}" }]`, 'rules[0].expression: '],
    [`rules: [{ expression: "${'!'.repeat(11_000)}true" }]`, 'longer than 10000 characters'],
    [`variables: { ${Array.from({ length: 101 }, (_, at) => `v${at}: 'true'`).join()} }`, 'more than 100 variables'],
  ])('rejects %.60s', (text, problem) => {
    expect(() => readPolicy(text, 'p.yaml')).toThrow(problem);
  });

  it.each([
    ['a.all(x, a.all(y, a.all(z, x.id == z.id)))', 'unknown'],
    ['a.all(x, a.all(y, true))', 'pass'],
    [
      '[a + a + a + a].all(x, [x + x + x + x].all(y, [y + y + y + y].all(z, [z + z + z + z].all(w, size(w + w + w + w) > 0))))',
      'unknown',
    ],
    ['a.map(x, a.map(y, a)).size() > 0', 'pass'],
    ['a.map(x, a.map(y, a.map(z, a))).size() > 0', 'unknown'],
    ['a.map(x, x.id).join(",").split("").all(c, a.all(d, d.id.contains(c)))', 'unknown'],
  ])('limits the cost of %s over 400 findings: %s', (expression, result) => {
    const findings = Array.from({ length: 400 }, (_, index) => ({ ...finding, id: `CVE-2026-${index}` }));
    const answer = ask(expression.replaceAll(/\ba\b/g, 'findings'), { ...facts, findings });
    expect(answer.result).toBe(result);
    if (result === 'unknown') expect(answer.reasons.join()).toMatch('too expensive');
  });

  it.each([
    ['lists', '[1, 1, 1, 1]', 'v + v', 'size(v) > 0'],
    ['texts', '"aaaa"', 'v + v', '!v.contains("b")'],
    ['texts in lists', '["aaaa", "b"]', 'v.map(x, v.join(x))', 'size(v) > 0'],
    ['lists in lists', '[1, 1, 1, 1]', '[v, v, v, v]', 'v == v'],
    ['maps', '{"a": "aaaa"}', '{"a": v, "b": v}', 'v == v'],
  ])('limits the size of variables that double: %s', (_, start, step, rule) => {
    const of = (text: string, index: number) => text.replaceAll(/\bv\b/g, `v${index}`);
    const steps = Array.from({ length: 60 }, (__, index) => `  v${index + 1}: '${of(step, index)}'`);
    const text = [`variables:\n  v0: '${start}'`, ...steps, `rules:\n  - expression: '${of(rule, 60)}'`].join('\n');
    const reason = expect.stringMatching('too expensive') as string;
    expect(askPolicies([readPolicy(text, 'p.yaml')], facts)).toMatchObject([{ result: 'unknown', reasons: [reason] }]);
  });

  it('limits the size of a text', () => {
    const long = 'a'.repeat(9_000);
    const text = `variables: { v: '"${long}"', w: v + v + v, x: '[w].join(w)' }\nrules: [{ expression: x != "" }]`;
    const reason = expect.stringMatching('too large') as string;
    expect(askPolicies([readPolicy(text, 'p.yaml')], facts)).toMatchObject([{ result: 'unknown', reasons: [reason] }]);
  });

  it('throws only its own errors', () => {
    const words = [
      'findings',
      'f',
      '.all(',
      '.filter(f,',
      '(',
      ')',
      '&&',
      '||',
      '!',
      '==',
      'true',
      '"a"',
      '1',
      '[',
      ']',
      ',',
      '.kev',
      'has(',
      'days(',
      '+',
      '?',
      ':',
      'image',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 12 }), (tokens) => {
        let policy;
        try {
          policy = readPolicy(tokens.join(' '), 'p.cel');
        } catch (error) {
          expect(error).toMatchObject({ code: 'POLICY_INVALID' });
          return;
        }
        expect(['pass', 'fail', 'unknown']).toContain(askPolicies([policy], facts)[0]!.result);
      }),
      { numRuns: 500 },
    );
  });
});

describe('askPolicies, about a secret in several places', () => {
  const place = (path: string, layer: number) =>
    ({ path, layer, line: 3, deleted: layer === 0, origin: 'file', rule: 'key', title: 'a key' }) as const;
  const rated = { severity: 'high', confidence: 'likely' } as const;
  const variable = { origin: 'env', rule: 'key', title: 'a key', deleted: false, ...rated } as const;
  const secret: FindingFacts = {
    ...{ kind: 'secret', id: 'key', aliases: [], title: 'a key', fingerprint: 's', counted: true, fixable: false },
    reachability: 'unknown',
    ...rated,
    ...{ path: 'test/a.env', layer: 0 },
    locations: [{ ...place('test/a.env', 0), ...rated }, { ...place('app/.env', 2), ...rated }, variable],
  };
  const about = { ...facts, findings: [secret] };

  it.each([
    ['size(findings) == 1', 'pass'],
    ['findings[0].locations.size() == 3', 'pass'],
    ['findings.all(f, f.locations.exists(l, has(l.path) && l.path.glob("app/**") && l.layer == 2))', 'pass'],
    ['findings.exists(f, f.locations.exists(l, l.origin == "env" && l.severity == "high"))', 'pass'],
    ['findings[0].locations.exists(l, l.deleted) && findings[0].locations[0].line == 3', 'pass'],
    // A policy about paths sees each place: a copy in test/ does not hide the one in app/.
    ['findings.all(f, has(f.path) && f.path.startsWith("test/"))', 'fail'],
    ['findings.exists(f, has(f.path) && f.path.startsWith("app/"))', 'pass'],
    ['findings.exists(f, has(f.layer) && f.layer == 2)', 'pass'],
    ['findings.filter(f, !has(f.path)).size() == 1', 'pass'],
  ])('answers %s: %s', (expression, result) => {
    expect(ask(expression, about)).toMatchObject({ result, reasons: expect.any(Array) });
  });

  it('counts it once in the message of a policy that does not ask for paths', () => {
    const policy = readPolicy(
      'name: p\ndescription: d\nrules: [{ expression: size(findings) == 0, message: \'{count(findings, "secret", "secrets")}\' }]\n',
      'p.yaml',
    );
    expect(askPolicies([policy], about)).toMatchObject([{ result: 'fail', reasons: ['1 secret'] }]);
  });
});
