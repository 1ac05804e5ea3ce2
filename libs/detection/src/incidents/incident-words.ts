import { createHash } from 'node:crypto';

import { compareSeverity, type Incident, type IncidentStep, printable } from '@tidewaiter/domain';

import { type DetectionAlert, compareLevel } from '../alerts/alert.js';
import { unnamedRank, wordsOf } from '../alerts/findings.js';
import { roleOf } from './alert-cluster.js';

/** Inputs of an incident's title. */
export interface TitleInput {
  isSensorOnly: boolean;
  opening: DetectionAlert;
  alerts: readonly DetectionAlert[];
  findings: readonly string[];
  vulnerability: { id: string; package: string } | null;
  workload: string | null;
  image: string | null;
}

const maxTitleChars = 200;

/**
 * Title with what happened and where: `Cryptominer in kube-system/DaemonSet/kube-proxy-controller`.
 */
export function incidentTitle(titled: TitleInput): string {
  if (titled.isSensorOnly) return worstEvaluation(titled.alerts).title;
  const [way] = waysIn(titled);
  const where = whereOf(titled);
  const place = where === null ? ' (workload unknown)' : ` in ${where}`;
  const what = [nameOf(titled), ...consequences(titled).map(lowerFirst)].join(', ');
  return printable(`${what}${way === undefined ? '' : ` through ${way}`}${place}`, maxTitleChars);
}

/**
 * Rank of the title; a lower rank is worse. The rank never grows while findings are added, so an
 * incident is only renamed for the worse.
 */
export function titleRank(titled: Pick<TitleInput, 'isSensorOnly' | 'findings' | 'alerts'>): number {
  const finding = titled.isSensorOnly ? undefined : namedFinding(titled);
  return finding === undefined ? unnamedRank : wordsOf(finding).rank;
}

/** Entry points, for a cluster that is named after their consequence. */
function waysIn({ findings, vulnerability }: TitleInput): string[] {
  const ways = findings.slice(1).flatMap((finding) => wayByFinding.get(finding) ?? []);
  return vulnerability === null ? ways : [vulnerability.id, ...ways];
}

/**
 * Consequences that outlive the container, for an incident that is named after something else: what
 * stays on the node decides what to do first.
 */
function consequences({ alerts, findings }: TitleInput): string[] {
  const finding = 'host-persistence';
  if (!findings.includes(finding) || namedFinding({ alerts, findings }) === finding) return [];
  const named = alerts.find((alert) => alert.finding === finding && roleOf(alert) !== 'context');
  return named === undefined ? [] : [named.name ?? wordsOf(finding).name];
}

const wayByFinding: ReadonlyMap<string, string> = new Map([
  ['leaked-secret-in-use', 'a leaked key'],
  ['dependency-confusion', 'a confused dependency'],
  ['token-replay', 'a stolen token'],
  ['anonymous-admin', 'anonymous access'],
]);

/**
 * Name of the top-ranked finding; without a finding, the title of the rule that opened the
 * incident.
 */
function nameOf({ alerts, findings, opening }: TitleInput): string {
  const topFinding = namedFinding({ alerts, findings });
  if (topFinding === undefined) return opening.rule.title;
  const named = alerts.find(({ finding, name }) => finding === topFinding && name !== null);
  return named?.name ?? wordsOf(topFinding).name;
}

/** Findings of a whole incident, which no single alert has. */
const ofIncident: ReadonlySet<string> = new Set(['worm']);

/**
 * Returns the top-ranked finding of an alert. Facts add findings too, but events name the incident.
 */
function namedFinding({ alerts, findings }: Pick<TitleInput, 'alerts' | 'findings'>): string | undefined {
  return findings.find((finding) => ofIncident.has(finding) || alerts.some((alert) => alert.finding === finding));
}

function whereOf({ workload, image, opening }: TitleInput): string | null {
  const { node, cluster, container } = opening.context;
  return workload ?? image ?? container ?? node ?? cluster;
}

/**
 * Returns the alert that names an incident of sensor evaluations alone: the severest, the first of
 * several.
 */
function worstEvaluation(alerts: readonly DetectionAlert[]): DetectionAlert {
  const counting = alerts.filter((alert) => roleOf(alert) !== 'context');
  return counting.toSorted((a, b) => compareLevel(a.severity, b.severity))[0]!;
}

/** Limit on steps in the sentence, for readability. */
const maxSteps = 4;

/** Summary of an incident: since when, where, which image, and its worst steps. */
export function incidentSentence(
  content: Omit<Incident, 'title' | 'titleRank' | 'sentence' | 'revision' | 'state' | 'mergedInto'>,
): string {
  const { workload, image, imageDigest, firstSeen, steps, factsUsed, workloads } = content;
  const where = workload ?? image;
  const place = where === null ? ', workload: unknown' : ` in ${where}`;
  const what =
    image === null && imageDigest === null
      ? ''
      : ` (${[image, imageDigest?.slice(0, 19)].filter(Boolean).join(' at ')})`;
  const titles = worstSteps(steps).map(({ title }) => lowerFirst(title));
  const others = workloads.length > 1 ? ` ${workloads.length} workloads affected.` : '';
  const known = factsUsed.length === 0 ? '' : ` Known facts: ${factsUsed.slice(0, 3).join('; ')}.`;
  return printable(
    `Since ${firstSeen.slice(0, 19).replace('T', ' ')} UTC${place}${what}: ${titles.join(', then ')}.${others}${known}`,
    1000,
  );
}

/** The worst steps, in their order, each title once. */
function worstSteps(steps: readonly IncidentStep[]): IncidentStep[] {
  const once = steps.filter(({ title }, index) => steps.findIndex((earlier) => earlier.title === title) === index);
  const worst = new Set(once.toSorted((a, b) => compareSeverity(a.severity, b.severity)).slice(0, maxSteps));
  return once.filter((step) => worst.has(step));
}

/** Proper names that begin a title. */
const properName = /^(?:Docker|Falco|Git|GuardDuty|Java|Kubelet|Kubernetes|Kubectl|Python|Tracee)\b/;

/**
 * Lowercases the first word unless it is an acronym or a name: `JVM spawned a shell` and
 * `Falco: cryptominer` stay.
 */
function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) && !properName.test(text) ? `${text.charAt(0).toLowerCase()}${text.slice(1)}` : text;
}

/**
 * Derives an incident's id from the alert that opened it: a UUID of version 8, whose bits are
 * custom.
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.8
 */
export function incidentId(alert: string): string {
  const hash = createHash('sha256').update(`tidewaiter incident ${alert}`).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
