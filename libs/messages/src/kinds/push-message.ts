import {
  type Baseline,
  type CiRun,
  type CiRunFact,
  countFindings,
  isAtLeast,
  isCounted,
  worstSeverity,
  type Digest,
  type Platform,
  type Severity,
  type SeverityCounts,
} from '@tidewaiter/domain';
import type { PushChanges } from '@tidewaiter/integrity';

import {
  aboutValues,
  clean,
  consoleLink,
  count,
  countsText,
  enumerate,
  fact,
  headWord,
  maxItemChars,
  maxTitleChars,
  section,
  shortDigest,
  timeText,
  type Message,
  type MessageAbout,
} from '../message.js';
import { exploitedText } from './exploited-text.js';
import { changeItems } from './push-message-changes.js';
import {
  bestUpgrade,
  groupFindings,
  isDeletedSecret,
  itemOf,
  resolvedItemOf,
  type FindingGroup,
  type PushFinding,
} from './push-message-groups.js';

/** Result of a push, as the scanner knows it. */
export interface PushReport {
  /** Host of the registry: `registry.example.com`. */
  registry: string;
  repository: string;
  tag: string | null;
  digest: Digest;
  /** Owner of the image; null where none is known. */
  owner: string | null;
  platforms: Platform[];
  pushedBy: string | null;
  /** ISO 8601. */
  pushedAt: string;
  /** CI run that built it, as far as a pipeline reported it. */
  pipeline: ReportedBuild | null;
  /**
   * Digest of the baseline: the previous digest of the tag, or the release before it; null where
   * there is neither.
   */
  previousDigest: Digest | null;
  /** Baseline with its reason; absent or null for pushes that an older version compared. */
  comparedWith?: Baseline | null;
  /** Findings of all severities. */
  findings: PushFinding[];
  /** Findings that the baseline had and this push does not have. */
  resolved: PushFinding[];
  /**
   * Package changes since the baseline; null on the first push, and where the baseline was never
   * read.
   */
  packagesChanged: { added: number; removed: number; upgraded: number } | null;
  /** All changes since the baseline; null where they were not stored. */
  changes: PushChanges | null;
  /** Warnings about content that could not be read or compared, in words. */
  warnings: string[];
  counts: SeverityCounts;
}

/** CI run as reported by its pipeline, and the facts that a CI token proves. */
export interface ReportedBuild {
  run: CiRun;
  proven: readonly CiRunFact[];
}

/** Limit on the characters of an image name in a title; its end is kept, as it holds the tag. */
const maxNameChars = 64;

/**
 * Renders the message about a push: new alarming findings, grouped by the upgrade that fixes them.
 * Deterministic: the same report gives the same message.
 */
export function pushMessage(report: PushReport, { consoleUrl }: { consoleUrl: string }): Message {
  const alarming = report.findings.filter(isAlarming);
  const fresh = alarming.filter(({ isNew }) => isNew);
  // Unread content may hide findings: only a complete scan may resolve.
  const status = alarming.length === 0 && report.warnings.length === 0 ? 'resolved' : 'firing';
  const severity = worstSeverity((fresh.length > 0 ? fresh : alarming).map(({ finding }) => finding.severity));
  const groups = groupFindings(alarming);
  const word = status === 'firing' ? `${headWord({ status, severity })} · ` : '';
  return {
    kind: 'push',
    status,
    severity,
    title: clean(word + headline(report, alarming, fresh), maxTitleChars),
    summary: clean(summary(report, alarming, fresh, groups), 2 * maxItemChars),
    facts: facts(report),
    sections: sections(report, groups),
    links: [consoleLink('Open image', consoleUrl, 'images', report.digest)],
    footer: clean(`Tidewaiter · ${report.repository}@${report.digest}`, maxItemChars),
    tally: {
      fresh: fresh.length,
      exploited: fresh.filter(({ finding }) => finding.kev === true).length,
      still: alarming.length - fresh.length,
      fixed: report.resolved.filter(isAlarming).length,
    },
    about: aboutOf(report),
  };
}

function aboutOf({ registry, repository, tag, digest, pushedBy, pushedAt, pipeline }: PushReport): MessageAbout {
  const revision = pipeline?.run.revision ?? null;
  return aboutValues({ registry, repository, tag, digest, pushedBy, pushedAt, revision });
}

/** Whether a finding is announced. */
export function isAlarming({ finding }: PushFinding): boolean {
  return isCounted(finding) && isAlarmingSeverity(finding.severity);
}

/**
 * Whether counted findings of a severity are announced. Unknown severity counts, as it may be
 * critical: Debian's own advisories carry none at all.
 */
export function isAlarmingSeverity(severity: Severity): boolean {
  return isAtLeast(severity, 'high') || severity === 'unknown';
}

function headline(report: PushReport, alarming: PushFinding[], fresh: PushFinding[]): string {
  const name = shortName(report);
  const [one, many] = wordsFor([...alarming, ...report.resolved]);
  const all = count(alarming.length, `${ratingOf(alarming)} ${one}`, `${ratingOf(alarming)} ${many}`);
  if (alarming.length === 0 && report.warnings.length > 0) return `${name} could not be read completely`;
  if (alarming.length === 0) return `${name} has no critical or high ${many}`;
  if (report.tag === null) return `${name} has ${all}`;
  if (report.previousDigest === null) return `First push of ${name} has ${all}`;
  if (fresh.length === 0) return `${name} still has ${all}`;
  const brings = count(fresh.length, `new ${ratingOf(fresh)} ${one}`, `new ${ratingOf(fresh)} ${many}`);
  return `${name} brings ${brings}${exploitedTail(fresh)}`;
}

function ratingOf(alarming: PushFinding[]): string {
  const unknown = alarming.filter(({ finding }) => finding.severity === 'unknown').length;
  if (unknown === 0) return 'critical or high';
  return unknown === alarming.length ? 'unknown-severity' : 'critical, high or unknown-severity';
}

function exploitedTail(fresh: PushFinding[]): string {
  if (!fresh.some(({ finding }) => finding.kev === true)) return '';
  return fresh.length === 1 ? ', exploited' : ', exploited ones among them';
}

function wordsFor(findings: PushFinding[]): [one: string, many: string] {
  return findings.every(({ finding }) => finding.kind === 'vulnerability')
    ? ['vulnerability', 'vulnerabilities']
    : ['finding', 'findings'];
}

function shortName({ repository, tag, digest }: PushReport): string {
  const name = tag === null ? `${repository}@${shortDigest(digest)}` : `${repository}:${tag}`;
  return name.length <= maxNameChars ? name : `…${name.slice(-maxNameChars)}`;
}

function summary(report: PushReport, alarming: PushFinding[], fresh: PushFinding[], groups: FindingGroup[]): string {
  const upgrade = bestUpgrade(groups);
  const fixed = report.resolved.filter(isAlarming).length;
  const sentences = [
    firstSentence(report, alarming, fresh),
    exploitedText(alarming.map(({ finding }) => finding)),
    runningText(report, alarming),
    upgrade &&
      `Upgrading ${enumerate(upgrade.packages, 3)} to ${upgrade.target} closes ${closes(upgrade, alarming.length)}.`,
    fixed > 0 && `This push fixes ${fixed} of the previous one.`,
    deletedSecretsText(alarming),
    report.warnings.length > 0 && 'Not everything could be read or compared, so there may be more.',
  ];
  return sentences.filter(Boolean).join(' ');
}

function firstSentence(report: PushReport, alarming: PushFinding[], fresh: PushFinding[]): string {
  const { previousDigest, tag } = report;
  if (alarming.length === 0) return 'Nothing critical or high was found.';
  if (previousDigest === null) {
    const first = tag === null ? '' : ' First push of this tag, no baseline.';
    return `Found: ${severityText(alarming)}.${first}`;
  }
  if (fresh.length === 0)
    return `Still there: ${severityText(alarming)}. Nothing is new since ${baselineName(report)}.`;
  const before = alarming.length - fresh.length;
  const more = before === 0 ? '' : ` ${before} more ${before === 1 ? 'was' : 'were'} there before.`;
  return `New since ${baselineName(report)}: ${severityText(fresh)}.${more}`;
}

/**
 * Describes whether the image runs, and which affected packages are in use: a finding in a running
 * program is more urgent than one on disk.
 */
function runningText({ findings }: PushReport, alarming: PushFinding[]): string | null {
  if (!findings.some(({ finding }) => finding.running === true)) return null;
  const used = alarming.filter(({ finding }) => finding.inUse === true);
  const packages = [...new Set(used.flatMap(({ finding }) => finding.packageName ?? []))].toSorted();
  if (packages.length === 0) return 'A workload runs this image.';
  return `A workload runs this image, and ${enumerate(packages, 3)} ${packages.length === 1 ? 'is' : 'are'} in use.`;
}

/**
 * Warns of deleted secrets: a later layer that deletes a file does not remove it from the image
 * that is pulled.
 */
function deletedSecretsText(alarming: PushFinding[]): string | null {
  const deleted = alarming.filter(({ finding }) => isDeletedSecret(finding)).length;
  if (deleted === 0) return null;
  return deleted === 1
    ? 'One deleted secret can still be read from its layer: revoke it.'
    : `${deleted} deleted secrets can still be read from their layers: revoke them.`;
}

function severityText(findings: PushFinding[]): string {
  return countsText(countFindings(findings.map(({ finding }) => finding))) ?? '';
}

function closes({ findings }: FindingGroup, total: number): string {
  if (findings.length < total) return `${findings.length} of ${total}`;
  return total === 1 ? 'it' : `all ${total}`;
}

function facts(report: PushReport): Message['facts'] {
  const { packagesChanged: changed } = report;
  const tag = report.tag === null ? '' : `:${report.tag}`;
  const first = report.tag === null ? null : 'none: first push of this tag';
  const compared = report.previousDigest === null ? first : comparedText(report.previousDigest, report.comparedWith);
  const by = report.pushedBy === null ? '' : ` by ${report.pushedBy}`;
  return [
    ...fact('Image', `${report.registry}/${report.repository}${tag}`),
    ...fact('Digest', shortDigest(report.digest)),
    ...fact('Pushed', `${timeText(report.pushedAt)}${by}`),
    ...buildFacts(report.pipeline),
    ...fact('Running', runningFact(report)),
    ...fact('Compared with', compared),
    ...fact('Platforms', enumerate(report.platforms, 6)),
    ...fact('All findings', countsText(report.counts) ?? 'none'),
    ...fact('Packages', changed && `${changed.added} added, ${changed.removed} removed, ${changed.upgraded} upgraded`),
  ];
}

function baselineName({ comparedWith }: PushReport): string {
  const isRelease = comparedWith != null && comparedWith.reason !== 'same-tag' && comparedWith.tag !== null;
  return isRelease ? comparedWith.tag! : 'the previous push';
}

/** Formats the baseline: `2.0.0 (sha256:4fd2a1b09c3e), previous version of the line 2.0`. */
function comparedText(digest: Digest, baseline: Baseline | null | undefined): string {
  const name = shortDigest(digest);
  if (!baseline || baseline.reason === 'same-tag') return name;
  return `${baseline.tag} (${name}), ${baselineText(baseline)}`;
}

function baselineText({ reason, line }: Baseline): string {
  if (reason === 'configured') return 'as configured';
  if (reason === 'previous-push') return 'previous push by time';
  return line === null ? 'previous version' : `previous version of the line ${line}`;
}

/**
 * Whether the image runs; null while no sensor reports containers. An unseen image is no proof that
 * none runs.
 */
function runningFact({ findings }: PushReport): string | null {
  const running = findings.flatMap(({ finding }) => finding.running ?? []);
  if (running.length === 0) return null;
  return running.includes(true) ? 'yes' : 'not seen';
}

/** Source revision and CI run of the build; facts that no token proves are marked as claims. */
function buildFacts(pipeline: ReportedBuild | null): Message['facts'] {
  if (!pipeline) return [];
  const { run, proven } = pipeline;
  const claimed = (name: CiRunFact) => (proven.includes(name) ? '' : ', reported by its pipeline');
  const source = run.source === null ? '' : ` of ${run.source.replace(/^https?:\/\//, '')}`;
  const at = run.ref === null ? '' : ` (${run.ref.replace(/^refs\/(heads|tags)\//, '')})`;
  const attempt = run.attempt === null || run.attempt === '1' ? '' : `, attempt ${run.attempt}`;
  const name = [run.workflow, run.id && `run ${run.id}${attempt}`, run.actor && `for ${run.actor}`]
    .filter(Boolean)
    .join(' ');
  const page = run.url === null || !/^https?:\/\//.test(run.url) ? '' : run.url;
  return [
    ...fact('Revision', run.revision && `${run.revision.slice(0, 12)}${source}${at}${claimed('revision')}`),
    ...fact('Built by', [name, page].filter(Boolean).join(' · ') || null),
  ];
}

function sections(report: PushReport, groups: FindingGroup[]): Message['sections'] {
  const isFirst = report.previousDigest === null;
  const fresh = groups.filter(({ newCount }) => isFirst || newCount > 0);
  const old = groups.filter((group) => !fresh.includes(group));
  const items = (some: FindingGroup[]) => some.map((group) => itemOf(group, { isFirst, platforms: report.platforms }));
  const toDo = (remedy: FindingGroup['remedy']) => items(fresh.filter((group) => group.remedy === remedy));
  const warnings = report.warnings.map((text) => ({ severity: null, text, detail: null, isNew: false }));
  return [
    ...section('Upgrade to fix', toDo('upgrade')),
    ...section('Version not comparable', toDo('unevaluated')),
    ...section('No fix yet', toDo('no-fix')),
    ...section('Found in the image', toDo('remove')),
    ...section('What changed', report.changes ? changeItems(report.changes) : []),
    ...section('Fixed by this push', groupFindings(report.resolved.filter(isAlarming)).map(resolvedItemOf)),
    ...section('Still there', items(old)),
    ...section('Could not be read', warnings),
  ];
}
