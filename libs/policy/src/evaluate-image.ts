import {
  type AttestedVex,
  type Finding,
  type ImagePackage,
  type IncompleteEffect,
  type PolicyResult,
  policyWarnings,
  type Provenance,
  type Suppressed,
  verdictOf,
  type VerdictWithReasons,
  withPolicies,
} from '@tidewaiter/domain';

import type { ImageIdentity } from './evaluated-image.js';
import { type EvaluationGap, evaluationGaps } from './policies/evaluation-gaps.js';
import type { PolicyFacts } from './policies/facts.js';
import { findingFacts, type ImageClaims, imageFacts, packageFacts, provenanceFacts } from './policies/image-facts.js';
import { askPolicies } from './policies/policy.js';
import { mustBeSigned, policiesOf, type Rules } from './rules.js';
import { suppress, type SuppressionResult } from './suppress.js';
import { attestedStatements } from './vex/attested.js';

/** Analyzed image as input of the evaluation. */
export interface EvaluationInput<Of extends Finding> {
  identity: ImageIdentity;
  claims: ImageClaims;
  findings: readonly Of[];
  packages: readonly ImagePackage[];
  /** Kinds of findings that were not evaluated. */
  gaps?: readonly EvaluationGap[];
  /** Signatures and attestations; undefined if they were not looked up. */
  provenance?: Provenance & { vex: readonly AttestedVex[] };
}

/** Fields of an image that decide which of its findings count. */
export type SuppressionInput<Of extends Finding> = Pick<
  EvaluationInput<Of>,
  'identity' | 'findings' | 'packages' | 'provenance'
>;

/** Facts from outside of the image. */
export interface Circumstances {
  running?: boolean;
  advisoriesAsOf?: Date;
  now: Date;
}

interface Warning {
  code: string;
  path?: string | null;
  message: string;
}

export interface ImageEvaluation<Of extends Finding> {
  verdict: VerdictWithReasons;
  findings: Of[];
  suppressed: Suppressed<Of>[];
  policies: PolicyResult[];
  /** Warnings of the input and of the rules. */
  warnings: Warning[];
  /** Effect of incomplete files by which it was evaluated. */
  onIncomplete: IncompleteEffect;
}

/** Codes of the warnings that this evaluation adds itself. */
const ownCodes = new Set(['EXCEPTION_EXPIRED', 'POLICY_WARNING', 'VEX_INVALID']);

/**
 * Evaluates an image, or the images of an index together: an index gets the worst of their
 * verdicts.
 */
export function evaluateImages<Of extends Finding>(
  images: readonly EvaluationInput<Of>[],
  warnings: readonly Warning[],
  rules: Rules,
  circumstances: Circumstances,
): ImageEvaluation<Of> {
  const evaluated = images.map((image) => {
    const left = withoutSuppressed(image, rules, circumstances.now);
    const gaps = [...(image.gaps ?? []), ...evaluationGaps(warnings, image.findings, rules.onIncomplete)];
    const facts = factsOf({ ...image, findings: left.findings, gaps }, rules, circumstances);
    return { ...left, policies: askPolicies(policiesOf(rules, image.identity.repository), facts) };
  });
  const findings = evaluated.flatMap((each) => each.findings);
  const policies = worstOfEach(evaluated.flatMap((each) => each.policies));
  const all = [
    ...warnings.filter(({ code }) => !ownCodes.has(code)),
    ...unique(evaluated.flatMap((each) => each.warnings)),
    ...policyWarnings(policies),
  ];
  return {
    verdict: withPolicies(verdictOf(findings, all, { onIncomplete: rules.onIncomplete }), policies),
    findings,
    suppressed: evaluated.flatMap((each) => each.suppressed),
    policies,
    warnings: all,
    onIncomplete: rules.onIncomplete,
  };
}

/** Findings of images that {@link evaluateImages} leaves. */
export function unsuppressedFindings<Of extends Finding>(
  images: readonly SuppressionInput<Of>[],
  rules: Rules,
  now: Date,
): Of[] {
  return images.flatMap((image) => withoutSuppressed(image, rules, now).findings);
}

function withoutSuppressed<Of extends Finding>(
  { findings, packages, identity, provenance }: SuppressionInput<Of>,
  rules: Rules,
  now: Date,
): SuppressionResult<Of> {
  const attested = attestedStatements(provenance?.vex ?? []);
  const objections = { ...rules, statements: [...rules.statements, ...attested.statements] };
  const left = suppress(findings, { ...identity, packages }, objections, now);
  return { ...left, warnings: [...attested.warnings, ...left.warnings] };
}

function factsOf<Of extends Finding>(
  { identity, claims, findings, packages, provenance, gaps = [] }: EvaluationInput<Of>,
  rules: Rules,
  { running, advisoriesAsOf, now }: Circumstances,
): PolicyFacts {
  return {
    image: imageFacts(identity, claims),
    findings: findingFacts(findings),
    packages: packages.map(packageFacts),
    gaps,
    repository: {
      ...(identity.repository !== null && { name: identity.repository }),
      signerRequired: mustBeSigned(rules, identity.repository),
    },
    ...(running !== undefined && { running }),
    ...(provenance && { provenance: provenanceFacts(provenance) }),
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
