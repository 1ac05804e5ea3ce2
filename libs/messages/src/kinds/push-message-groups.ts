import {
  compareSeverity,
  layerNotAnalyzedId,
  locationCount,
  morePlaces,
  placeOf as pathOf,
  worstSeverity,
  type Finding,
  type Platform,
  type Severity,
} from '@tidewaiter/domain';
import { highestVersion, type VersionComparer, versionOrder } from '@tidewaiter/versions';

import { clean, count, enumerate, type MessageItem, shortDigest } from '../message.js';
import { evidenceText } from './finding-evidence.js';

/** Exploitation and usage data of a finding; absent or null while no source reports it. */
export interface FindingUrgency {
  /** In a list of exploited vulnerabilities. */
  kev?: boolean;
  /** Probability of exploitation in the next 30 days, 0 to 1. */
  epss?: number | null;
  /** Whether a workload runs the image. */
  running?: boolean | null;
  /** Whether its package was seen to be executed or loaded. */
  inUse?: boolean | null;
}

/** Finding of a pushed image, compared with the baseline of the push. */
export interface PushFinding {
  finding: Finding & FindingUrgency;
  /** Whether the baseline did not have it. */
  isNew: boolean;
  /** Platforms of the push that have it. */
  platforms: Platform[];
  /**
   * Layer of the finding and the build step that made it, without secrets; absent for a finding
   * outside of layers.
   */
  layer?: { digest: string; createdBy: string | null };
}

/** Findings that one remedy closes, or that share the reason why none does. */
export interface FindingGroup {
  remedy: Remedy;
  /** Packages built from one source share versions and findings, so they share a line. */
  packages: string[];
  /** New ones first, then worst first. */
  findings: PushFinding[];
  newCount: number;
  /** The version that closes all of them. */
  target: string | null;
}

/**
 * Remedies, easiest first. `unevaluated`: the installed version could not be compared. `remove`: no
 * package, so nothing to upgrade.
 */
const remedies = ['upgrade', 'unevaluated', 'no-fix', 'remove'] as const;
type Remedy = (typeof remedies)[number];

/** Limit on the ids that an item names; the rest is counted. */
const maxIds = 5;
/** Limit on the characters of a build step in an item. */
const maxStepChars = 120;
/** Limit on the packages that an item names; the rest is counted. */
const maxPackages = 3;

/**
 * Groups findings by remedy: upgrades first, in front those that close exploited findings and then
 * those that close most new ones; then the rest, worst first.
 */
export function groupFindings(findings: readonly PushFinding[]): FindingGroup[] {
  const perPackage = bucket(findings, ({ finding }) => [
    remedyOf(finding),
    purlType(finding),
    finding.fix.state,
    placeOf(finding),
  ]);
  const perTarget = perPackage.flatMap(splitByTarget);
  const perSource = bucket(perTarget, ({ target, findings }) => {
    const { finding } = findings[0]!;
    const ids = [...new Set(findings.map((each) => each.finding.id))].toSorted();
    return [
      remedyOf(finding),
      purlType(finding),
      finding.fix.state,
      finding.installedVersion,
      finding.path,
      isDeletedSecret(finding),
      target,
      ids,
    ];
  });
  return perSource.map(join).toSorted(inOrderOfUse);
}

/**
 * Returns the upgrade that closes most findings, new before old ones; one that closes an exploited
 * finding wins.
 */
export function bestUpgrade(groups: readonly FindingGroup[]): FindingGroup | undefined {
  return groups.find(({ remedy }) => remedy === 'upgrade');
}

/** Renders a group as one line. `isFirst`: nothing is called new on the first push of a tag. */
export function itemOf(
  group: FindingGroup,
  { isFirst, platforms }: { isFirst: boolean; platforms: readonly string[] },
): MessageItem {
  const newCount = isFirst ? 0 : group.newCount;
  const total = group.findings.length;
  const findings =
    newCount === total
      ? count(total, 'new finding')
      : `${count(total, 'finding')}${newCount > 0 ? ` (${newCount} new)` : ''}`;
  return {
    severity: severityOf(group),
    text: textOf(group, findings),
    detail: `${idsText(group)}${useText(group)}${platformsText(group, platforms)}${layerOf(group)}${evidenceOf(group)}`,
    isNew: newCount > 0,
  };
}

/** Renders resolved findings as one line. */
export function resolvedItemOf(group: FindingGroup): MessageItem {
  const { finding } = group.findings[0]!;
  const text = `${nameOf(group)} ${finding.installedVersion ?? ''}: ${count(group.findings.length, 'finding')} resolved`;
  return { severity: severityOf(group), text, detail: idsText(group), isNew: false };
}

function remedyOf({ kind, match, fix }: Finding): Remedy {
  if (kind !== 'vulnerability') return 'remove';
  if (match === 'unknown') return 'unevaluated';
  return fix.state === 'fixed' && fix.version !== null ? 'upgrade' : 'no-fix';
}

function purlType({ purl }: Finding): string {
  return /^pkg:([a-z0-9.+-]{1,40})\//.exec(purl ?? '')?.[1] ?? '';
}

function placeOf({ packageName, installedVersion, path, id, state }: Finding): string {
  return JSON.stringify(packageName === null ? [id, path, state] : [packageName, installedVersion]);
}

interface Part {
  target: string | null;
  findings: PushFinding[];
}

/**
 * Splits the findings of a package by target version: one part when the highest fix is known, else
 * one for each fix.
 */
function splitByTarget(findings: PushFinding[]): Part[] {
  const first = findings[0]!.finding;
  const sorted = findings.toSorted(newAndWorstFirst);
  if (remedyOf(first) !== 'upgrade') return [{ target: null, findings: sorted }];
  const fixes = new Set(sorted.map(({ finding }) => finding.fix.version ?? ''));
  const target = highestVersion([...fixes], orderOf(first));
  if (target !== null) return [{ target, findings: sorted }];
  return [...fixes].map((fix) => ({
    target: fix,
    findings: sorted.filter(({ finding }) => finding.fix.version === fix),
  }));
}

/** Undefined where the order of versions is unknown: findings with different fixes stay apart. */
function orderOf(finding: Finding): VersionComparer | undefined {
  return versionOrder(purlType(finding));
}

function join(parts: Part[]): FindingGroup {
  const findings = parts.flatMap((part) => part.findings).toSorted(newAndWorstFirst);
  const names = findings.map(({ finding }) => finding.packageName).filter((name) => name !== null);
  return {
    remedy: remedyOf(findings[0]!.finding),
    packages: [...new Set(names)].toSorted(),
    findings,
    newCount: findings.filter(({ isNew }) => isNew).length,
    target: parts[0]!.target,
  };
}

function textOf(group: FindingGroup, findings: string): string {
  const { finding } = group.findings[0]!;
  const version = finding.installedVersion ?? '';
  switch (group.remedy) {
    case 'upgrade':
      return `upgrade ${nameOf(group)} ${version} → ${group.target}: ${findings}`;
    case 'unevaluated':
      return `${nameOf(group)} ${version}: possibly ${findings}`;
    case 'no-fix':
      return `${nameOf(group)} ${version}: ${findings}${finding.fix.state === 'wont-fix' ? ', the distribution will not fix it' : ''}`;
    case 'remove':
      return `${finding.title}${whereText(finding)}${deletedText(finding)}`;
  }
}

/**
 * Formats ` in app/.env:3 and 23 more places` or ` in env TOKEN`; empty for a finding about the
 * whole image.
 */
function whereText(finding: Finding): string {
  const hasPlace = pathOf(finding) !== null || locationCount(finding) > 1;
  return hasPlace ? ` in ${[pathOf(finding), morePlaces(finding)].filter((part) => part !== null).join(' ')}` : '';
}

/** Whether a later layer deletes the secret, which still can be read from its own layer. */
export function isDeletedSecret({ kind, state }: Finding): boolean {
  return kind === 'secret' && state === 'shadowed';
}

function deletedText(finding: Finding): string {
  if (!isDeletedSecret(finding)) return '';
  const { removedInLayer } = finding.evidence;
  const where = typeof removedInLayer === 'number' ? `in layer ${removedInLayer}` : 'by a later layer';
  return `: deleted ${where}, recoverable`;
}

/**
 * Formats ` · layer 1 (sha256:4fd2a1b09c3e), made by COPY . /app`: the build step to change, or why
 * a layer could not be analyzed.
 */
function layerOf({ findings }: FindingGroup): string {
  const [{ finding, layer }] = findings as [PushFinding, ...PushFinding[]];
  const { digest, createdBy, reason } = finding.evidence;
  if (finding.id === layerNotAnalyzedId && typeof digest === 'string')
    return ` · ${String(reason)} · ${shortDigest(digest)}${stepText(typeof createdBy === 'string' ? createdBy : null)}`;
  if (finding.kind !== 'secret' || finding.layer === null || !layer) return '';
  return ` · layer ${finding.layer} (${shortDigest(layer.digest)})${stepText(layer.createdBy)}`;
}

function stepText(createdBy: string | null): string {
  return createdBy === null ? '' : `, made by ${clean(createdBy.replace(/ # buildkit$/, ''), maxStepChars)}`;
}

function nameOf({ packages, findings }: FindingGroup): string {
  return packages.length === 0 ? findings[0]!.finding.title : enumerate(packages, maxPackages);
}

function severityOf({ findings }: FindingGroup): Severity {
  return worstSeverity(findings.map(({ finding }) => finding.severity));
}

function idsText({ findings }: FindingGroup): string {
  const names = findings.map(({ finding: { id, kev } }) => (kev === true ? `${id} (exploited)` : id));
  return enumerate([...new Set(names)], maxIds);
}

function evidenceOf({ findings }: FindingGroup): string {
  const evidence = findings.length === 1 ? evidenceText(findings[0]!.finding) : null;
  return evidence === null ? '' : ` · ${evidence}`;
}

function useText({ findings }: FindingGroup): string {
  return findings.some(({ finding }) => finding.inUse === true) ? ' · in use' : '';
}

function platformsText({ findings }: FindingGroup, all: readonly string[]): string {
  const some = all.filter((platform) => findings.some(({ platforms }) => platforms.includes(platform)));
  return some.length > 0 && some.length < all.length ? ` · ${enumerate(some, maxPackages)} only` : '';
}

function inOrderOfUse(a: FindingGroup, b: FindingGroup): number {
  const closesMore = b.newCount - a.newCount || b.findings.length - a.findings.length;
  const isWorse = compareSeverity(severityOf(a), severityOf(b));
  return (
    remedies.indexOf(a.remedy) - remedies.indexOf(b.remedy) ||
    Number(isPressing(b)) - Number(isPressing(a)) ||
    (a.remedy === 'upgrade' ? closesMore || isWorse : isWorse || closesMore) ||
    newAndWorstFirst(a.findings[0]!, b.findings[0]!)
  );
}

/** Whether a group has exploited findings, which rank above higher counts. */
function isPressing({ findings }: FindingGroup): boolean {
  return findings.some(({ finding }) => finding.kev === true);
}

/**
 * Total order of findings; the fingerprint decides last, so that the order of the input has no
 * effect.
 */
function newAndWorstFirst(a: PushFinding, b: PushFinding): number {
  return (
    Number(b.isNew) - Number(a.isNew) ||
    Number(b.finding.kev === true) - Number(a.finding.kev === true) ||
    compareSeverity(a.finding.severity, b.finding.severity) ||
    byCodeUnits(a.finding.id, b.finding.id) ||
    byCodeUnits(placeOf(a.finding), placeOf(b.finding)) ||
    byCodeUnits(a.finding.fingerprint, b.finding.fingerprint)
  );
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function bucket<T>(all: readonly T[], keyOf: (each: T) => readonly unknown[]): T[][] {
  return [...Map.groupBy(all, (each) => JSON.stringify(keyOf(each))).values()];
}
