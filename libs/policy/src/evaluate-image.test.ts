import { type Finding, findingOf, type Severity } from '@tidewaiter/domain';
import { z } from 'zod';

import { evaluateImages, type EvaluationInput, unsuppressedFindings } from './evaluate-image.js';
import { noRules, readRules, ruleSettings, type Rules, rulesVersion } from './rules.js';

const now = new Date('2026-06-01T00:00:00Z');

function rulesOf(settings: object, signedRepositories: string[] = []): Rules {
  const problems: string[] = [];
  const rules = readRules(z.strictObject(ruleSettings).parse(settings), () => undefined, problems);
  expect(problems).toEqual([]);
  return { ...rules, signedRepositories };
}

function hole(id: string, severity: Severity, kind: 'vulnerability' | 'secret' = 'vulnerability'): Finding {
  return findingOf({ kind, id, severity, title: id, fingerprint: id, layer: 0, state: 'present' });
}

function image(letter: string, ...findings: Finding[]): EvaluationInput<Finding> {
  const digest = `sha256:${letter.repeat(64)}`;
  const claims = { digest, platform: null, os: null, createdAt: null, baseCreatedAt: null, user: null, labels: null };
  const identity = {
    reference: 'r.example.com/shop/cart:1',
    repository: 'r.example.com/shop/cart',
    tag: '1',
    digests: [digest],
  };
  return { identity, claims, findings, packages: [] };
}

const exception = { repository: 'shop/*', finding: 'CVE-1', reason: 'r', owner: 'o', until: '2026-12-31' };

describe('evaluateImages', () => {
  it('gives an index the verdict of its worst image', () => {
    const evaluated = evaluateImages([image('a'), image('b', hole('CVE-1', 'high'))], [], noRules, { now });
    expect(evaluated.verdict).toEqual({ result: 'fail', reasons: ['1 finding is high or worse'] });
  });

  it.each<[string, object, string]>([
    ['holds', {}, 'pass'],
    ['is of another repository', { repository: 'bank/*' }, 'fail'],
    ['names the registry too', { repository: 'r.example.com/**' }, 'pass'],
    ['is of another tag', { tag: 'v*' }, 'fail'],
    ['is of this tag', { tag: '?' }, 'pass'],
    ['is of one image', { digest: `sha256:${'b'.repeat(64)}` }, 'pass'],
    ['is of another image', { digest: `sha256:${'a'.repeat(64)}` }, 'fail'],
    ['has ended', { until: '2026-05-30' }, 'fail'],
  ])('applies an exception: %s', (_what, more, result) => {
    const rules = rulesOf({ exceptions: [{ ...exception, ...more }] });
    const evaluated = evaluateImages([image('a'), image('b', hole('CVE-1', 'high'))], [], rules, { now });
    expect(evaluated.verdict.result).toBe(result);
    expect(unsuppressedFindings([image('a'), image('b', hole('CVE-1', 'high'))], rules, now)).toEqual(
      evaluated.findings,
    );
  });

  it("changes the rules' version when an exception ends or a rule changes", () => {
    const rules = rulesOf({ exceptions: [exception], policies: [{ name: 'no-secrets' }] });
    const version = rulesVersion(rules, now);
    expect(version).toMatch(/^[0-9a-f]{64}$/);
    expect(rulesVersion(rules, new Date('2026-12-31T12:00:00Z'))).toBe(version);
    expect(rulesVersion(rules, new Date('2027-01-01T00:00:00Z'))).not.toBe(version);
    expect(rulesVersion(rulesOf({ policies: [{ name: 'no-secrets', mode: 'warn' }] }), now)).not.toBe(version);
    expect(rulesVersion(rulesOf({ exceptions: [{ ...exception, until: '2026-01-01' }] }), now)).toBe('');
    expect(rulesVersion(noRules, now)).toBe('');
  });

  it('evaluates each policy on every image of its repositories', () => {
    const policies = [
      { name: 'no-secrets', mode: 'enforce' },
      { name: 'no-kev-in-production', repositories: ['bank/*'] },
      { name: 'recent-base', mode: 'warn' },
    ];
    const evaluated = evaluateImages(
      [image('a', hole('key', 'low', 'secret')), image('b')],
      [],
      rulesOf({ policies }),
      {
        now,
      },
    );
    expect(evaluated.policies.map(({ name, result }) => [name, result])).toEqual([
      ['no-secrets', 'fail'],
      ['recent-base', 'unknown'],
    ]);
    expect(evaluated.verdict).toEqual({ result: 'fail', reasons: ['no-secrets: 1 secret in the image: key'] });
    expect(evaluated.warnings.map(({ code }) => code)).toEqual(['POLICY_WARNING']);
  });

  it('replaces its own earlier warnings and keeps the others', () => {
    const earlier = ['POLICY_WARNING', 'EXCEPTION_EXPIRED', 'MALFORMED_FILE'].map((code) => ({ code, message: code }));
    expect(evaluateImages([image('a')], earlier, noRules, { now })).toMatchObject({
      warnings: [{ code: 'MALFORMED_FILE' }],
      verdict: { result: 'unknown' },
    });
  });

  it('counts files that were not read completely by the settings, in verdicts and in policies', () => {
    const warnings = [{ code: 'SECRET_SEARCH_CUT', path: 'opt/app.zip', message: 'too large' }];
    const settings = { policies: [{ name: 'no-secrets' }] };
    const lenient = rulesOf(settings);
    const strict = rulesOf({ ...settings, onIncomplete: 'fail' });
    expect(evaluateImages([image('a')], warnings, lenient, { now })).toMatchObject({
      verdict: { result: 'pass' },
      policies: [{ result: 'pass' }],
      warnings,
    });
    expect(evaluateImages([image('a')], warnings, strict, { now })).toMatchObject({
      verdict: { result: 'fail', reasons: ['opt/app.zip: too large', expect.any(String)] },
      policies: [{ result: 'unknown' }],
    });
    expect(rulesVersion(strict, now)).not.toBe(rulesVersion(lenient, now));
  });

  describe('provenance', () => {
    const rules = rulesOf({ policies: [{ name: 'signed-where-required' }] }, ['shop/*']);
    const signature = { code: null, reason: null, subject: 'sha256:0', artifact: 'sha256:1' };
    const signer = { name: 'release', keyFingerprint: 'sha256:2', identity: null, issuer: null };
    const by = (verified: boolean) => ({ ...signature, verified, signer: verified ? signer : null });
    const resultOf = (known: Partial<EvaluationInput<Finding>>, asked = rules) =>
      evaluateImages([{ ...image('a'), ...known }], [], asked, { now }).policies[0]?.result;

    it('is required if a signer is configured, and unknown if signatures were not checked', () => {
      const nothing = { signatures: [], attestations: [], vex: [] };
      expect(resultOf({ provenance: { ...nothing, signatures: [by(true)] } })).toBe('pass');
      expect(resultOf({ provenance: { ...nothing, signatures: [by(false)] } })).toBe('fail');
      expect(resultOf({ provenance: nothing })).toBe('fail');
      expect(resultOf({})).toBe('unknown');
      expect(resultOf({}, { ...rules, signedRepositories: ['other/*'] })).toBe('pass');
    });
  });
});
