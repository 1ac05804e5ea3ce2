import type { PolicyMode } from '@tidewaiter/domain';

import type { FindingFacts, PolicyFacts } from './facts.js';
import { compilePolicy, type Policy, type PolicySource } from './policy.js';

/** Built-in policy, with images that pass and fail it, for tests and documentation. */
export interface BuiltInPolicy extends PolicySource {
  examples: { what: string; facts: PolicyFacts; result: 'pass' | 'fail' | 'unknown'; reason?: string }[];
}

const now = new Date('2026-06-30T00:00:00Z');
const [recently, longAgo] = [new Date('2026-06-20T00:00:00Z'), new Date('2026-03-01T00:00:00Z')];
const hole: FindingFacts = {
  kind: 'vulnerability',
  id: 'CVE-2026-1',
  aliases: [],
  severity: 'critical',
  title: 'a hole',
  fingerprint: '1',
  counted: true,
  fixable: true,
  kev: false,
  confidence: 'certain',
  reachability: 'unknown',
  published: longAgo,
};
const key: FindingFacts = { ...hole, kind: 'secret', id: 'aws-access-key-id', fixable: false };
const unpublished = ({ published: _, ...finding }: FindingFacts): FindingFacts => finding;
const facts = (more: Partial<PolicyFacts> = {}): PolicyFacts => ({
  image: { reference: 'shop/cart:1' },
  findings: [],
  packages: [],
  now,
  ...more,
});
const having = (...findings: FindingFacts[]) => facts({ findings });

export const builtInPolicies: readonly BuiltInPolicy[] = [
  {
    name: 'no-kev-in-production',
    description: 'No running image has a vulnerability of a list of exploited ones.',
    variables: { exploited: 'findings.filter(f, f.kind == "vulnerability" && f.counted && f.kev)' },
    rules: [
      {
        expression: '!running || findings.all(f, f.kind != "vulnerability" || !f.counted || !f.kev)',
        message: `{count(exploited, "finding is", "findings are")} known to be exploited: {ids(exploited)}`,
      },
    ],
    examples: [
      { what: 'nothing is known to be exploited', facts: { ...having(hole), running: true }, result: 'pass' },
      { what: 'it does not run', facts: { ...having({ ...hole, kev: true }), running: false }, result: 'pass' },
      {
        what: 'it runs',
        facts: { ...having({ ...hole, kev: true }), running: true },
        result: 'fail',
        reason: '1 finding is known to be exploited: CVE-2026-1',
      },
      {
        what: 'whether it runs is unknown',
        facts: having({ ...hole, kev: true }),
        result: 'unknown',
        reason: 'needs running, which is not known',
      },
    ],
  },
  {
    name: 'no-old-critical',
    description: 'No critical finding has had a fix for more than 14 days.',
    variables: {
      old: 'findings.filter(f, f.counted && f.severity == "critical" && f.fixable && has(f.published) && now - f.published > days(14))',
    },
    rules: [
      {
        expression:
          'findings.all(f, !f.counted || f.severity != "critical" || !f.fixable || now - f.published <= days(14))',
        message:
          '{count(old, "critical finding has", "critical findings have")} had a fix for over 14 days: {ids(old)}',
      },
    ],
    examples: [
      { what: 'it is younger', facts: having({ ...hole, published: recently }), result: 'pass' },
      { what: 'nothing fixes it', facts: having({ ...hole, fixable: false }), result: 'pass' },
      { what: 'it is less than critical', facts: having({ ...hole, severity: 'high' }), result: 'pass' },
      {
        what: 'it is older',
        facts: having(hole),
        result: 'fail',
        reason: '1 critical finding has had a fix for over 14 days: CVE-2026-1',
      },
      {
        what: 'the time of publication is unknown',
        facts: having(unpublished(hole)),
        result: 'unknown',
        reason: 'needs finding.published, which is not known',
      },
    ],
  },
  {
    name: 'no-secrets',
    description: 'No layer holds a secret.',
    variables: { secrets: 'findings.filter(f, f.kind == "secret" && f.confidence != "possible")' },
    rules: [
      {
        expression: 'findings.all(f, f.kind != "secret" || f.confidence == "possible")',
        message: '{count(secrets, "secret", "secrets")} in the image: {ids(secrets)}',
      },
    ],
    examples: [
      { what: 'there is none', facts: having(hole), result: 'pass' },
      { what: 'it may be an example', facts: having({ ...key, confidence: 'possible' }), result: 'pass' },
      { what: 'there is one', facts: having(key), result: 'fail', reason: '1 secret in the image: aws-access-key-id' },
      {
        what: 'there is one, and a layer was not analyzed',
        facts: { ...having(key), gaps: [{ kind: 'secret', reason: 'layer 2 was not analyzed' }] },
        result: 'fail',
        reason: '1 secret in the image: aws-access-key-id',
      },
      {
        what: 'secrets were not searched',
        facts: facts({ gaps: [{ kind: 'secret', reason: 'no fingerprint key is set' }] }),
        result: 'unknown',
        reason: 'needs secret findings, which were not evaluated: no fingerprint key is set',
      },
    ],
  },
  {
    name: 'signed-where-required',
    description: 'An image of a repository that requires a signer is signed.',
    variables: {},
    rules: [
      {
        expression: '!repository.signerRequired || provenance.signed',
        message: 'the image is not signed by a required signer',
      },
    ],
    examples: [
      { what: 'no signer is required', facts: facts({ repository: { signerRequired: false } }), result: 'pass' },
      {
        what: 'it is signed',
        facts: facts({ repository: { signerRequired: true }, provenance: signedBy('release') }),
        result: 'pass',
      },
      {
        what: 'it is not signed',
        facts: facts({ repository: { signerRequired: true }, provenance: signedBy() }),
        result: 'fail',
        reason: 'the image is not signed by a required signer',
      },
      {
        what: 'signatures were not looked up',
        facts: facts({ repository: { signerRequired: true } }),
        result: 'unknown',
        reason: 'needs provenance, which is not known',
      },
    ],
  },
  {
    name: 'recent-base',
    description: 'The base is not older than 90 days.',
    variables: {},
    rules: [
      {
        expression: 'now - image.baseCreatedAt <= days(90)',
        message: 'the base is of {day(image.baseCreatedAt)}, more than 90 days ago',
      },
    ],
    examples: [
      { what: 'it is younger', facts: facts({ image: { reference: 'a', baseCreatedAt: recently } }), result: 'pass' },
      {
        what: 'it is older',
        facts: facts({ image: { reference: 'a', baseCreatedAt: longAgo } }),
        result: 'fail',
        reason: 'the base is of 2026-03-01, more than 90 days ago',
      },
      {
        what: 'its age is unknown',
        facts: facts(),
        result: 'unknown',
        reason: 'needs image.baseCreatedAt, which is not known',
      },
    ],
  },
];

function signedBy(...signers: string[]): NonNullable<PolicyFacts['provenance']> {
  return { signed: signers.length > 0, signers, builders: [], sources: [], revisions: [] };
}

/** Returns a compiled built-in policy; undefined for an unknown name. */
export function builtInPolicy(name: string, mode: PolicyMode): Policy | undefined {
  const source = builtInPolicies.find((each) => each.name === name);
  return source && compilePolicy(source, mode, () => name);
}
