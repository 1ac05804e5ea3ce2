import { type Finding, type FindingKind, findingKinds, type IncompleteEffect, isPartial } from '@tidewaiter/domain';

/**
 * Kind of findings that was not completely evaluated, so that the absence of findings proves
 * nothing.
 */
export interface EvaluationGap {
  /** `package` if the list of packages itself may be incomplete. */
  kind: FindingKind | 'package';
  /** Follows "was not evaluated". */
  reason: string;
}

const everything = [...findingKinds, 'package'] as const;
const ofPackages = ['vulnerability', 'malware', 'package'] as const;

/** Kinds that a warning leaves unevaluated. A warning with another code leaves none. */
const gapsByCode: ReadonlyMap<string, readonly EvaluationGap['kind'][]> = new Map<
  string,
  readonly EvaluationGap['kind'][]
>([
  ['ADVISORIES_DAMAGED', ['vulnerability', 'malware']],
  ['ADVISORIES_MISSING', ['vulnerability', 'malware']],
  ['ADVISORIES_STALE', ['vulnerability', 'malware']],
  ['DATABASE_UNREADABLE', [...ofPackages, 'integrity']],
  ['DIGESTS_MIXED', ofPackages],
  ['DOCKERFILE_HEREDOC_OPEN', ['misconfiguration']],
  ['FILE_NOT_CHECKED', ['misconfiguration']],
  ['FILE_TOO_LARGE', everything],
  ['HARDLINK_WITHOUT_TARGET', everything],
  ['K8S_TEMPLATE', ['misconfiguration']],
  ['LAYER_NOT_ANALYZED', everything],
  ['LIMIT_EXCEEDED', everything],
  ['MALFORMED_FILE', ofPackages],
  ['MORE_WARNINGS', everything],
  ['OS_UNKNOWN', ['vulnerability']],
  ['OVERLAY_ATTRIBUTE', everything],
  ['PACKAGES_MISSING', ofPackages],
  ['PACKAGES_UNKNOWN', ofPackages],
  ['PROVENANCE_UNREADABLE', ['supply-chain']],
  ['SECRET_SEARCH_CUT', ['secret']],
  ['TARGET_MISSING', ['misconfiguration']],
  ['TEMPLATE_NOT_CHECKED', ['misconfiguration']],
  ['UNREADABLE', everything],
]);

/** Limit on reasons of one kind: an image may be made to have thousands of warnings. */
const maxReasons = 3;

/**
 * Kinds that were not evaluated for an image, by the warnings of its analysis and the layers that
 * were not analyzed. A single file that was not read completely counts only if it fails a verdict.
 */
export function evaluationGaps(
  warnings: readonly { code: string; path?: string | null; message: string }[],
  findings: readonly Pick<Finding, 'id' | 'title'>[],
  onIncomplete: IncompleteEffect = 'warn',
): EvaluationGap[] {
  const counted = onIncomplete === 'fail' ? warnings : warnings.filter((warning) => !isPartial(warning));
  const byWarning = counted.flatMap(({ code, path, message }) =>
    (gapsByCode.get(code) ?? []).map((kind) => ({ kind, reason: path ? `${path}: ${message}` : message })),
  );
  const byLayer = findings
    .filter(({ id }) => id === 'layer-not-analyzed')
    .flatMap(({ title: reason }) => everything.map((kind) => ({ kind, reason })));
  const grouped = Map.groupBy([...byLayer, ...byWarning], ({ kind }) => kind);
  return [...grouped.values()].flatMap((gaps) => gaps.slice(0, maxReasons));
}
