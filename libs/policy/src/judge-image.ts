import {
  type Finding,
  type ImagePackage,
  type PolicyResult,
  policyWarnings,
  type Suppressed,
  verdictOf,
  type VerdictWithReasons,
  withPolicies,
} from '@tidewaiter/domain';

import type { ImageIdentity } from './judged-image.js';
import type { PolicyFacts, ProvenanceFacts } from './policies/facts.js';
import { findingFacts, type ImageClaims, imageFacts, packageFacts } from './policies/image-facts.js';
import { askPolicies } from './policies/policy.js';
import { policiesOf, type Rules } from './rules.js';
import { suppress } from './suppress.js';

/** An image that is known already. */
export interface KnownImage<Of extends Finding> {
  identity: ImageIdentity;
  claims: ImageClaims;
  findings: readonly Of[];
  packages: readonly ImagePackage[];
}

/** What is known beside an image. */
export interface Circumstances {
  running?: boolean;
  signerRequired?: boolean;
  provenance?: ProvenanceFacts;
  advisoriesAsOf?: Date;
  now: Date;
}

interface Warning {
  code: string;
  path?: string | null;
  message: string;
}

export interface ImageJudgement<Of extends Finding> {
  verdict: VerdictWithReasons;
  findings: Of[];
  suppressed: Suppressed<Of>[];
  policies: PolicyResult[];
  /** Those given, and what the rules add. */
  warnings: Warning[];
}

/** Codes of what this judgement itself warns of. */
const ownCodes = new Set(['EXCEPTION_EXPIRED', 'POLICY_WARNING']);

/** Judges an image, or the images of an index together: an index is as bad as the worst of them. */
export function judgeImages<Of extends Finding>(
  images: readonly KnownImage<Of>[],
  warnings: readonly Warning[],
  rules: Rules,
  circumstances: Circumstances,
): ImageJudgement<Of> {
  const judged = images.map(({ findings, packages, identity, claims }) => {
    const left = suppress(findings, { ...identity, packages }, rules, circumstances.now);
    const facts = factsOf({ findings: left.findings, packages, identity, claims }, circumstances);
    return { ...left, policies: askPolicies(policiesOf(rules, identity.repository), facts) };
  });
  const findings = judged.flatMap((each) => each.findings);
  const policies = worstOfEach(judged.flatMap((each) => each.policies));
  const all = [
    ...warnings.filter(({ code }) => !ownCodes.has(code)),
    ...unique(judged.flatMap((each) => each.warnings)),
    ...policyWarnings(policies),
  ];
  return {
    verdict: withPolicies(verdictOf(findings, all), policies),
    findings,
    suppressed: judged.flatMap((each) => each.suppressed),
    policies,
    warnings: all,
  };
}

function factsOf<Of extends Finding>(
  { identity, claims, findings, packages }: KnownImage<Of>,
  { running, signerRequired, provenance, advisoriesAsOf, now }: Circumstances,
): PolicyFacts {
  return {
    image: imageFacts(identity, claims),
    findings: findingFacts(findings),
    packages: packages.map(packageFacts),
    repository: {
      ...(identity.repository !== null && { name: identity.repository }),
      ...(signerRequired !== undefined && { signerRequired }),
    },
    ...(running !== undefined && { running }),
    ...(provenance && { provenance }),
    ...(advisoriesAsOf && { advisories: { asOf: advisoriesAsOf } }),
    now,
  };
}

const badness = { fail: 0, unknown: 1, pass: 2 } as const;

function worstOfEach(results: readonly PolicyResult[]): PolicyResult[] {
  return [...Map.groupBy(results, ({ name }) => name).values()].map((answers) => {
    const [worst] = answers.toSorted((a, b) => badness[a.result] - badness[b.result]);
    const reasons = answers.filter(({ result }) => result === worst!.result).flatMap((each) => each.reasons);
    return { ...worst!, reasons: [...new Set(reasons)] };
  });
}

function unique<Each extends Warning>(warnings: readonly Each[]): Each[] {
  return [...new Map(warnings.map((warning) => [warning.message, warning])).values()];
}
