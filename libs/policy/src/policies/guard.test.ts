import { findingKinds, severities } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import type { EvaluationGap } from './evaluation-gaps.js';
import type { FindingFacts, PolicyFacts } from './facts.js';
import { readPolicy } from './policy-file.js';
import { askPolicies } from './policy.js';

const finding: FindingFacts = {
  kind: 'vulnerability',
  id: 'CVE-2026-1',
  aliases: [],
  severity: 'high',
  title: 'a hole',
  fingerprint: '1',
  path: 'app/x',
  counted: true,
  fixable: true,
  confidence: 'certain',
  reachability: 'unknown',
};
const gap = (kind: EvaluationGap['kind']): EvaluationGap => ({ kind, reason: 'the test leaves it out' });
const factsOf = (findings: readonly FindingFacts[], ...gaps: EvaluationGap['kind'][]): PolicyFacts => ({
  image: { reference: 'a' },
  findings,
  packages: [{ purl: 'pkg:deb/a@1', type: 'deb', name: 'a', version: '1', licenses: [], counted: true }],
  gaps: gaps.map(gap),
  now: new Date('2026-06-01T00:00:00Z'),
});
const ask = (expression: string, facts: PolicyFacts) => askPolicies([readPolicy(expression, 'p.cel')], facts)[0]!;

describe('guarded', () => {
  describe('policies with unevaluated misconfiguration', () => {
    it.each([
      ['findings.all(f, f.kind != "misconfiguration")', 'unknown'],
      ['findings.all(f, f.kind != "misconfiguration" || f.severity == "low")', 'unknown'],
      ['!findings.exists(f, f.kind == "misconfiguration")', 'unknown'],
      ['findings.exists(f, f.kind == "misconfiguration")', 'unknown'],
      ['findings.all(f, f.severity != "critical")', 'unknown'],
      ['findings.all(f, !has(f.published))', 'unknown'],
      ['findings.filter(f, has(f.published)).size() == 0', 'unknown'],
      ['size(findings) == 1', 'unknown'],
      ['size(findings.filter(f, f.kind == "misconfiguration")) != 3', 'unknown'],
      ['findings.filter(f, f.kind != "secret").size() < 5', 'unknown'],
      ['findings.exists_one(f, f.severity == "high")', 'unknown'],
      ['findings.map(f, f.kind).exists(k, k == "vulnerability")', 'unknown'],
      ['!("misconfiguration" in findings.map(f, f.kind))', 'unknown'],
      ['findings[0].kind == "vulnerability"', 'unknown'],
      ['packages.all(p, findings.all(f, f.package != p.name))', 'unknown'],
      ['[findings].all(list, size(list) < 3)', 'unknown'],
      // Gaps that cannot change the answer do not make it unknown.
      ['findings.all(f, f.kind != "vulnerability" || f.severity != "critical")', 'pass'],
      ['findings.exists(f, f.kind == "vulnerability")', 'pass'],
      ['size(findings.filter(f, f.kind == "vulnerability")) == 1', 'pass'],
      ['findings.map(f, f.kind == "vulnerability", f.id) == ["CVE-2026-1"]', 'pass'],
      ['findings.all(f, f.severity != "high")', 'fail'],
      ['findings.all(f, f.kind == "misconfiguration")', 'fail'],
      ['size(packages) == 1', 'pass'],
      ['false && findings.all(f, f.severity == "low")', 'fail'],
      ['findings.all(f, f.severity == "low") || size(packages) == 1', 'pass'],
      ['packages.all(findings, findings.name == "a")', 'pass'],
    ])('return for %s: %s', (expression, result) => {
      expect(ask(expression, factsOf([finding], 'misconfiguration'))).toMatchObject({ result });
    });

    it('name the missing kind and no other', () => {
      const facts = factsOf([finding], 'misconfiguration', 'secret', 'package');
      expect(ask('findings.all(f, f.kind != "secret")', facts)).toMatchObject({
        result: 'unknown',
        reasons: ['needs secret findings, which were not evaluated: the test leaves it out'],
      });
      expect(ask('packages.all(p, p.type == "deb")', facts).reasons).toEqual([
        'needs all packages, which are not known: the test leaves it out',
      ]);
    });

    it('detect the gap through variables, and messages still name found findings', () => {
      const text = [
        'variables:',
        '  high: findings.filter(f, f.severity == "high")',
        'rules:',
        '  - { expression: size(high) == 1 }',
        '  - { expression: "findings.all(f, f.severity != \'high\')", message: "{ids(high)} is high" }',
      ].join('\n');
      const [answer] = askPolicies([readPolicy(text, 'p.yaml')], factsOf([finding], 'misconfiguration'));
      expect(answer).toMatchObject({ result: 'fail', reasons: ['CVE-2026-1 is high'] });
    });

    it('reject calls of the internal guard functions', () => {
      expect(() => readPolicy('__whole(findings) == findings', 'p.cel')).toThrow('names with __ are our own');
    });
  });

  const kind = fc.constantFrom(...findingKinds);
  const severity = fc.constantFrom(...severities);
  const anyFinding: fc.Arbitrary<FindingFacts> = fc
    .record({ kind, severity, counted: fc.boolean(), fixable: fc.boolean(), published: fc.boolean() })
    .map(({ published, ...known }) => ({
      ...finding,
      ...known,
      ...(published && { published: new Date('2026-05-01T00:00:00Z') }),
    }));

  const { predicate } = fc.letrec<{ predicate: string; leaf: string }>((tie) => ({
    leaf: fc.oneof(
      kind.map((each) => `f.kind == "${each}"`),
      severity.map((each) => `f.severity != "${each}"`),
      fc.constantFrom(
        'f.counted',
        'f.fixable',
        'has(f.published)',
        'f.kind in ["secret", "malware"]',
        'now > f.published',
      ),
    ),
    predicate: fc.oneof(
      { maxDepth: 3 },
      tie('leaf'),
      tie('predicate').map((inner) => `!(${inner})`),
      fc.tuple(tie('predicate'), tie('predicate')).map(([a, b]) => `(${a} && ${b})`),
      fc.tuple(tie('predicate'), tie('predicate')).map(([a, b]) => `(${a} || ${b})`),
    ),
  }));
  const comparison = fc.constantFrom('==', '!=', '<', '<=', '>', '>=');
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 3 },
      fc
        .tuple(fc.constantFrom('all', 'exists', 'exists_one'), predicate)
        .map(([name, p]) => `findings.${name}(f, ${p})`),
      fc
        .tuple(predicate, comparison, fc.nat(3))
        .map(([p, operator, n]) => `findings.filter(f, ${p}).size() ${operator} ${n}`),
      fc
        .tuple(predicate, comparison)
        .map(([p, operator]) => `findings.map(f, ${p}, f.id).size() ${operator} size(findings)`),
      predicate.map((p) => `findings.map(f, ${p}).exists(x, x)`),
      predicate.map((p) => `packages.all(p, size(findings.filter(f, ${p})) != 2)`),
      fc.constantFrom('running', 'size(findings) > 1', 'findings[0].counted'),
      tie('expression').map((inner) => `!(${inner})`),
      fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a} && ${b})`),
      fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a} || ${b})`),
      fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(running ? ${a} : ${b})`),
    ),
  }));

  it('gives the same answer for any omitted findings, or unknown', () => {
    fc.assert(
      fc.property(
        expression,
        fc.array(anyFinding, { maxLength: 3 }),
        kind,
        fc.array(fc.array(anyFinding, { maxLength: 4 }), { minLength: 4, maxLength: 4 }),
        (text, found, missing, completions) => {
          const policy = readPolicy(text, 'p.cel');
          const [{ result } = { result: 'unknown' }] = askPolicies([policy], factsOf(found, missing));
          if (result === 'unknown') return;
          for (const more of completions) {
            const whole = [...found, ...more.map((each) => ({ ...each, kind: missing }))];
            const [complete] = askPolicies([policy], factsOf(whole));
            expect(complete!.result === 'unknown' ? result : complete!.result).toBe(result);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('gives the same answer as without placeholders if nothing is missing', () => {
    fc.assert(
      fc.property(expression, fc.array(anyFinding, { maxLength: 3 }), (text, found) => {
        const policy = readPolicy(text, 'p.cel');
        const facts = factsOf(found);
        // Only kinds that no expression distinguishes from others matter: none of these uses
        // packages.
        const [plain, guarded] = [facts, { ...facts, gaps: [gap('package')] }].map((each) =>
          askPolicies([policy], each),
        );
        if (!text.includes('packages')) expect(guarded).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });
});
