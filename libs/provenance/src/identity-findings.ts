import type { Finding, Severity } from '@tidewaiter/domain';

import type { EarlierIdentity, IdentityAspect, IdentityDeviation } from './learned-identity.js';
import { supplyChainFinding } from './supply-chain-finding.js';

/** Push whose identity is evaluated. */
export interface EvaluatedTag {
  repository: string;
  tag: string;
  /** Whether the tag names a published version. */
  isVersion: boolean;
  /** Whether the push has other supply-chain findings, such as a moved tag. */
  hasOtherSigns: boolean;
  /** Another place where the same digest is signed; null if none is known. */
  signedElsewhere: string | null;
}

/** Number of pushes from which a deviation is certain. */
const certainPushes = 5;

/** Findings about a push whose identity differs from all usual pushes before it. */
export function identityFindings(
  evaluated: EvaluatedTag,
  deviations: readonly IdentityDeviation[],
  usual: readonly EarlierIdentity[],
): Finding[] {
  return (['missing', 'changed'] as const).flatMap((kind) => {
    const some = deviations.filter((each) => each.kind === kind);
    return some.length === 0 ? [] : [identityFinding(kind, evaluated, some, usual)];
  });
}

function identityFinding(
  kind: 'missing' | 'changed',
  evaluated: EvaluatedTag,
  some: readonly IdentityDeviation[],
  usual: readonly EarlierIdentity[],
): Finding {
  const { repository, tag, signedElsewhere } = evaluated;
  const isComplete = some.every((each) => each.isComplete);
  const isCopy = kind === 'missing' && signedElsewhere !== null;
  const known = {
    id: `identity-${kind}`,
    severity: severityOf(evaluated, some, isComplete, isCopy),
    confidence: !isComplete ? 'possible' : usual.length >= certainPushes ? 'certain' : 'likely',
    title: kind === 'missing' ? missingTitle(some, isCopy ? signedElsewhere : null) : changedTitle(some),
    evidence: {
      repository,
      tag,
      deviations: some.map(({ what, before, now }) => ({ what, before, now })),
      learnedFrom: usual.length,
      lastSeen: usual.slice(0, 5).map((each) => ({ tag: each.tag, digest: each.digest })),
      ...(isCopy && { signedIn: signedElsewhere }),
      ...(!isComplete && { note: 'not everything beside the image could be read' }),
    },
  } as const;
  return supplyChainFinding(known, `${repository}:${tag}`);
}

/**
 * A new account alone is normal; with another finding, or with another key or builder, it looks
 * like an attack.
 */
function severityOf(
  { isVersion, hasOtherSigns }: EvaluatedTag,
  some: readonly IdentityDeviation[],
  isComplete: boolean,
  isCopy: boolean,
): Severity {
  if (isCopy) return 'low';
  if (!isVersion || !isComplete) return 'medium';
  const isPusherAlone = some.every(({ what }) => what === 'pusher' || what === 'pipeline');
  return isPusherAlone && !hasOtherSigns ? 'medium' : 'high';
}

function missingTitle(some: readonly IdentityDeviation[], signedIn: string | null): string {
  const names = sentence(some.map(({ what }) => what));
  if (signedIn !== null) return `${names} missing here; the same digest has it in ${signedIn}`;
  return `${names} missing, previously always present`;
}

const changedNames: Readonly<Record<IdentityAspect, string>> = {
  signature: 'signature',
  provenance: 'provenance',
  signer: 'signer',
  builder: 'builder',
  source: 'source repository',
  pipeline: 'pipeline',
  pusher: 'pusher',
};

function changedTitle(some: readonly IdentityDeviation[]): string {
  const parts = some.map(({ what, before, now }) => {
    const other = what === 'signer' ? now.slice(0, 2).join(' or ') : now[0];
    return `${changedNames[what]} ${other}, previously always ${before[0]}`;
  });
  return `Identity changed: ${parts.join('; ')}`.replaceAll(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/g, '$1');
}

function sentence(names: readonly string[]): string {
  const text = names.join(' and ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
