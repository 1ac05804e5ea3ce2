import { createHash } from 'node:crypto';

import { findingOf, type Confidence, type Finding, type Severity } from '@tidewaiter/domain';

/** Description of a check for reports and documentation. */
export interface CheckInfo {
  /** Stable, kebab-case, prefixed by its subject: `image-`, `dockerfile-` or `k8s-`. */
  id: string;
  title: string;
  severity: Severity;
  /** Impact: an attacker's gain, or a failure. */
  reason: string;
  fix: string;
  /** URL or section of a standard. */
  reference: string;
}

/** One place where a check fails. */
export interface CheckFailure {
  /** Sentence about the concrete setting, never with the value of a secret. */
  title: string;
  /** Stable location, the same in every version of the file: no line numbers. */
  place: string;
  line?: number;
  instruction?: string;
  /** Path of the field in the config or manifest. */
  field?: string;
  resource?: string;
  /** Name of the container of the manifest. */
  container?: string;
  confidence?: Confidence;
  /** Severity in this place, if it is lower than the severity of the check. */
  severity?: Severity;
  /** Further evidence for the report. */
  details?: Record<string, unknown>;
}

/**
 * Check with examples that the tests run: each of `fails` has a finding, none of `passes` has one.
 */
export interface Check<Subject, Example> extends CheckInfo {
  find: (subject: Subject) => Iterable<CheckFailure>;
  passes: readonly Example[];
  fails: readonly Example[];
}

/**
 * Limit on findings per check: a hostile file could fail each ten thousand times. Findings above
 * are only counted.
 */
const maxFindingsPerCheck = 500;
const maxTitleLength = 400;

/** Runs all checks on all subjects of one file; `path` is null for subjects outside a file. */
export function runChecks<Subject>(
  checks: readonly Check<Subject, unknown>[],
  subjects: readonly Subject[],
  path: string | null,
): Finding[] {
  return checks.flatMap((check) => runCheck(check, subjects, path));
}

function* seenBy<Subject>(check: Check<Subject, unknown>, subjects: readonly Subject[]): Generator<CheckFailure> {
  for (const subject of subjects) yield* check.find(subject);
}

function runCheck<Subject>(
  check: Check<Subject, unknown>,
  subjects: readonly Subject[],
  path: string | null,
): Finding[] {
  const findings: Finding[] = [];
  const places = new Map<string, number>();
  let dropped = 0;
  for (const seen of seenBy(check, subjects)) {
    if (findings.length >= maxFindingsPerCheck) {
      dropped += 1;
      continue;
    }
    const count = (places.get(seen.place) ?? 0) + 1;
    places.set(seen.place, count);
    // The same mistake twice in one place gives two findings, and each needs its own fingerprint.
    const place = count === 1 ? seen.place : `${seen.place}#${count}`;
    findings.push(toFinding(check, { ...seen, place }, path));
  }
  if (dropped > 0)
    findings.push(toFinding(check, { title: `${check.title}: ${dropped} more places`, place: '…' }, path));
  return findings;
}

/** Creates the finding of a check in one place. */
export function toFinding(
  { id, severity, reason, fix, reference }: CheckInfo,
  seen: CheckFailure,
  path: string | null,
): Finding {
  const { title, place, confidence, details, severity: own, ...where } = seen;
  return findingOf({
    kind: 'misconfiguration',
    id,
    severity: own ?? severity,
    title: shown(title, maxTitleLength),
    fingerprint: hashOf('misconfiguration', id, path ?? '', place),
    path,
    layer: null,
    state: 'present',
    ...(confidence !== undefined && { confidence }),
    evidence: { ...where, ...details, reason, fix, reference },
  });
}

function hashOf(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex');
}

/**
 * Sanitizes untrusted text for titles and evidence: one line, cut to length, well-formed Unicode.
 */
export function shown(text: string, maxLength = 200): string {
  const line = text
    .slice(0, maxLength + 1)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  return line.length > maxLength ? `${line.slice(0, maxLength - 1).toWellFormed()}…` : line;
}
