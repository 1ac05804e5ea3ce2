import { createHash } from 'node:crypto';

import { cut, type Digest, type Finding, isAtLeast, type Severity } from '@tidewaiter/domain';

import { mostRelevantFirst } from '../changes/change-order.js';
import { type ContentDifference, contentDifference } from '../changes/content-difference.js';
import type { FileChange } from '../changes/file-changes.js';
import type { ImageDiff } from '../changes/image-diff.js';
import { integrityFinding } from '../checks/integrity-finding.js';

/** Two images that name the same source revision. */
export interface SameRevision {
  repository: string;
  revision: string;
  /** Proof that this image was built from the revision; null if only its label names it. */
  provenBy: RevisionProof | null;
  /** The earlier image. */
  earlier: { digest: Digest; repository: string; tag: string | null; pushedAt: string };
}

export type RevisionProof = 'signature' | 'provenance' | 'pipeline';

/** Limit on files in the evidence. */
const maxChanges = 50;
const maxPathChars = 500;
/** Id of the finding. */
export const sameRevisionId = 'same-revision-different-content';

/**
 * Finding about an image whose content differs from an earlier build of the same revision: an
 * altered build, unless a rebuild explains it. Null if no content differs.
 * @param diff null if one of the two was never read
 */
export function sameRevisionFinding(diff: ImageDiff | null, about: SameRevision): Finding | null {
  const content = diff && contentDifference(diff);
  const evaluation = content && evaluateRevision(content, about.provenBy !== null);
  // Unread layers may explain a lesser difference, or contain a worse one.
  const isUnclear = diff?.isPartial === true && !(evaluation && isAtLeast(evaluation.severity, 'high'));
  if (!content || isUnclear) return finding(about, uncompared, []);
  return evaluation && finding(about, evaluation, evaluation.files);
}

/**
 * Whether two images look like one build, whatever their tags: a variant has another base, other
 * packages or another start command.
 */
export function isOneBuild({ packages, base, config }: ImageDiff): boolean {
  const starts = config?.some(({ field }) => field === 'entrypoint' || field === 'cmd') ?? true;
  return packages.length === 0 && base.isChanged === false && !starts;
}

interface RevisionEvaluation {
  severity: Severity;
  title: string;
  reason: string;
  fields: string[];
}

const uncompared: RevisionEvaluation = {
  severity: 'unknown',
  title: 'Same revision, content not comparable',
  reason: 'the files of one of the two images are unknown',
  fields: [],
};

function evaluateRevision(
  content: ContentDifference,
  isProven: boolean,
): (RevisionEvaluation & { files: FileChange[] }) | null {
  const { code, settings, start, dependencies, data, upgraded, noise } = content;
  const changes = [...mostRelevantFirst(code), ...settings];
  if (changes.length > 0 || start.length > 0) {
    const reason = 'code or configuration differs, and no package upgrade or rebuild explains it';
    const fields = start.map(({ field }) => field);
    return {
      severity: isProven ? 'critical' : 'high',
      title: 'Same revision, different content',
      reason,
      fields,
      files: changes,
    };
  }
  const weaker: [FileChange[], Severity, string, string][] = [
    [
      [...mostRelevantFirst(dependencies), ...data],
      'medium',
      'Same revision, different dependencies or data',
      'only packages of a language with another version, or data files, differ',
    ],
    [
      upgraded,
      'low',
      'Rebuilt from the same revision with other package versions',
      'only files of packages of the distribution with another version differ',
    ],
    [
      noise,
      'negligible',
      'Rebuilt from the same revision',
      'only caches, logs, package databases and build stamps differ',
    ],
  ];
  for (const [files, severity, title, reason] of weaker)
    if (files.length > 0) return { severity, title, reason, fields: [], files };
  return null;
}

function finding(about: SameRevision, evaluation: RevisionEvaluation, files: readonly FileChange[]): Finding {
  const { repository, revision, provenBy, earlier } = about;
  const { severity, title, reason, fields } = evaluation;
  const changes = files.slice(0, maxChanges).map(shownChange);
  const known = {
    kind: 'supply-chain' as const,
    id: sameRevisionId,
    severity,
    title,
    layer: null,
    path: changes[0]?.path ?? null,
    confidence: provenBy === null || severity === 'unknown' ? ('likely' as const) : ('certain' as const),
    evidence: {
      repository,
      revision,
      revisionProvenBy: provenBy,
      previousRepository: earlier.repository,
      previousTag: earlier.tag,
      previousDigest: earlier.digest,
      previousPushedAt: earlier.pushedAt,
      reason,
      changes,
      changesTotal: files.length,
      ...(fields.length > 0 && { config: fields.slice(0, maxChanges) }),
    },
  };
  // The same alteration under another tag has the same fingerprint; another alteration has another.
  return integrityFinding(known, [repository, revision, severity, alterationOf(files, fields)].join('\n'));
}

function alterationOf(files: readonly FileChange[], fields: readonly string[]): string {
  const hash = createHash('sha256');
  for (const { path } of files) hash.update(`${path}\n`);
  return hash.update(fields.join('\n')).digest('hex');
}

function shownChange({ path, change, kind, sha256Before, sha256After }: FileChange) {
  const named = (sha256: string | null | undefined) => (sha256 ? `sha256:${sha256}` : null);
  return { path: cut(path, maxPathChars), change, kind, before: named(sha256Before), after: named(sha256After) };
}
