import {
  type Incident,
  type IncidentArtifact,
  type IncidentEvidence,
  type IncidentWorkload,
  printable,
  type RuleCredit,
} from '@tidewaiter/domain';

import type { DetectionAlert, ImageEvidence } from '../alerts/alert.js';
import { exploitationFindings, withBroader, wordsOf } from '../alerts/findings.js';
import { roleOf, type AlertCluster } from './alert-cluster.js';
import { incidentScore, incidentSeverity } from './incident-severity.js';
import { stepsOf } from './incident-steps.js';
import { incidentId, incidentSentence, incidentTitle, titleRank } from './incident-words.js';

const maxEvidence = 50;
/**
 * Limit on pushes in the evidence. Pushes are few compared to events, and one without evidence
 * would be reported nowhere.
 */
const maxPushes = 500;
const maxWorkloads = 50;
const maxPodsOfWorkload = 20;
const maxArtifacts = 60;
const maxFacts = 20;
const maxNextSteps = 6;

/** Content of an incident, without its revision, state and merge. */
export type IncidentContent = Omit<Incident, 'revision' | 'state' | 'mergedInto'>;

/**
 * Builds the content of an incident from its alerts in order of time; `opening` is the one that
 * opened it. A pure function: the order of arrival does not matter.
 */
export function buildIncident(
  cluster: AlertCluster,
  alerts: readonly DetectionAlert[],
  opening: DetectionAlert,
): IncidentContent {
  const lead = leadOf(alerts) ?? opening;
  const facts = factsOf(alerts);
  const findings = findingsOf(alerts, facts);
  const severity = incidentSeverity(alerts);
  const workloads = workloadsOf(alerts);
  const content = {
    id: incidentId(opening.id),
    severity,
    score: incidentScore(severity, alerts, facts.length, Math.max(workloads.length, 1)),
    workload: lead.context.workload,
    image: lead.context.image,
    imageDigest: lead.context.imageDigest,
    cluster: lead.context.cluster,
    namespace: lead.context.namespace,
    openedBy: opening.events.at(-1)!,
    firstSeen: alerts[0]!.at,
    lastSeen: lastSeen(cluster),
    count: [...cluster.groups.values()].reduce((sum, { count }) => sum + count, 0),
    findings,
    techniques: techniquesOf(alerts, facts, findings),
    steps: stepsOf(alerts),
    evidence: evidenceOf(alerts),
    workloads,
    artifacts: artifactsOf(alerts),
    factsUsed: facts.map(({ text }) => printable(text)),
    nextSteps: nextSteps(findings),
    rules: creditsOf(alerts),
  };
  const vulnerability = exploitedIn(facts, findings);
  const titled = { ...content, isSensorOnly: cluster.isSensorOnly, opening, alerts, vulnerability };
  return {
    ...content,
    title: incidentTitle(titled),
    titleRank: titleRank(titled),
    sentence: incidentSentence(content),
  };
}

/**
 * Returns the alert that names the place: a container that acted comes before a request that named
 * a workload, and a workload that runs a tampered artifact before the build that made it.
 */
function leadOf(alerts: readonly DetectionAlert[]): DetectionAlert | null {
  const builds = new Set(
    alerts.flatMap(({ finding, context }) => (finding === 'build-tamper' ? (context.workload ?? []) : [])),
  );
  const core = alerts.filter((alert) => roleOf(alert) !== 'context');
  const inArtifacts = core.filter(({ context }) => context.workload !== null && !builds.has(context.workload));
  const counting = inArtifacts.length > 0 ? inArtifacts : core;
  const inContainer = counting.find(({ context }) => context.workload !== null && context.container !== null);
  return (
    inContainer ??
    counting.find(({ context }) => context.workload !== null) ??
    alerts.find(({ context }) => context.workload !== null) ??
    null
  );
}

/** Facts about images without duplicates, those of core alerts first. */
function factsOf(alerts: readonly DetectionAlert[]): ImageEvidence[] {
  const facts = new Map<string, ImageEvidence>();
  const ranked = alerts.toSorted((a, b) => Number(roleOf(a) === 'context') - Number(roleOf(b) === 'context'));
  for (const fact of ranked.flatMap(({ image }) => image)) {
    if (facts.size < maxFacts && !facts.has(fact.text)) facts.set(fact.text, fact);
  }
  return [...facts.values()].filter((fact) => !isIncluded(fact, facts.values()));
}

/** Whether another fact includes this one: a vulnerable package in use is also present. */
function isIncluded({ vulnerability, finding }: ImageEvidence, others: Iterable<ImageEvidence>): boolean {
  if (vulnerability === null || finding !== null) return false;
  return [...others].some((other) => other.finding !== null && other.vulnerability?.id === vulnerability.id);
}

/**
 * Findings, the most significant first. A vulnerability of the image counts as the entry point if a
 * server did something that only an attacker makes it do.
 */
function findingsOf(alerts: readonly DetectionAlert[], facts: readonly ImageEvidence[]): string[] {
  const found = new Set([
    ...alerts.flatMap(({ finding }) => (finding === null ? [] : withBroader(finding))),
    ...facts.flatMap(({ finding }) => finding ?? []),
  ]);
  if (exploitedIn(facts, [...found]) !== null) found.add('exploited-vulnerability');
  if (isWorm(alerts)) for (const finding of withBroader('worm')) found.add(finding);
  return [...found].toSorted((a, b) => wordsOf(a).rank - wordsOf(b).rank || (a < b ? -1 : 1));
}

/** Number of workloads in which the same dropped program makes a worm. */
const wormWorkloads = 3;

/** Whether the same dropped program acts in several workloads. */
function isWorm(alerts: readonly DetectionAlert[]): boolean {
  const workloads = new Map<string, Set<string>>();
  for (const alert of alerts) {
    const { workload } = alert.context;
    if (workload === null || roleOf(alert) === 'context') continue;
    for (const key of alert.keys.filter((each) => /^(?:program|hash):/.test(each)))
      workloads.set(key, (workloads.get(key) ?? new Set()).add(workload));
  }
  return [...workloads.values()].some(({ size }) => size >= wormWorkloads);
}

function exploitedIn(
  facts: readonly ImageEvidence[],
  findings: readonly string[],
): { id: string; package: string } | null {
  const isBreach = findings.some((finding) => exploitationFindings.has(finding));
  const known = facts.flatMap(({ vulnerability, finding }) =>
    vulnerability === null ? [] : [{ ...vulnerability, isInUse: finding !== null }],
  );
  const [first] = known.toSorted((a, b) => Number(b.isInUse) - Number(a.isInUse));
  return first !== undefined && (isBreach || first.isInUse) ? { id: first.id, package: first.package } : null;
}

/** ATT&CK techniques, in the order in which they were seen. */
function techniquesOf(
  alerts: readonly DetectionAlert[],
  facts: readonly ImageEvidence[],
  findings: readonly string[],
): string[] {
  const seen = [
    ...alerts.flatMap(({ techniques }) => techniques),
    ...facts.flatMap(({ technique }) => technique ?? []),
  ];
  if (findings.includes('exploited-vulnerability')) seen.push('T1190');
  return [...new Set(seen)];
}

function lastSeen({ groups }: AlertCluster): string {
  let last: { lastMs: number; lastAt: string } | null = null;
  for (const group of groups.values()) if (last === null || group.lastMs > last.lastMs) last = group;
  return last!.lastAt;
}

function evidenceOf(alerts: readonly DetectionAlert[]): IncidentEvidence[] {
  const candidates = alerts.flatMap(({ evidence, ...alert }) =>
    evidence.map((item) => ({ item, isContext: roleOf({ ...alert, evidence }) === 'context' })),
  );
  const selected = new Map<string, IncidentEvidence>();
  for (const { item } of candidates.toSorted((a, b) => Number(a.isContext) - Number(b.isContext))) {
    if (item.source !== 'registry' && selected.size < maxEvidence && !selected.has(item.event))
      selected.set(item.event, item);
  }
  const pushes = new Map(candidates.flatMap(({ item }) => (item.source === 'registry' ? [[item.event, item]] : [])));
  return [...selected.values(), ...[...pushes.values()].slice(0, maxPushes)].toSorted((a, b) =>
    a.at < b.at ? -1 : Number(a.at > b.at),
  );
}

function workloadsOf(alerts: readonly DetectionAlert[]): IncidentWorkload[] {
  const found = new Map<string, IncidentWorkload>();
  for (const alert of alerts) {
    const { cluster, workload, imageDigest, pod } = alert.context;
    // A context alert may be about a neighboring workload.
    if (workload === null || roleOf(alert) === 'context') continue;
    const key = `${cluster ?? ''}/${workload}`;
    const known = found.get(key) ?? { cluster, workload, imageDigest, firstSeen: alert.at, pods: [] };
    known.imageDigest ??= imageDigest;
    if (pod !== null && known.pods.length < maxPodsOfWorkload && !known.pods.includes(pod)) known.pods.push(pod);
    if (found.has(key) || found.size < maxWorkloads) found.set(key, known);
  }
  return [...found.values()];
}

function artifactsOf(alerts: readonly DetectionAlert[]): IncidentArtifact[] {
  const found = new Map<string, IncidentArtifact>();
  for (const alert of alerts) {
    if (roleOf(alert) === 'context') continue;
    for (const artifact of alert.artifacts) {
      if (found.size < maxArtifacts) found.set(`${artifact.kind}:${artifact.value}`, artifact);
    }
  }
  return [...found.values()];
}

function nextSteps(findings: readonly string[]): string[] {
  const advice = findings.flatMap((finding) => wordsOf(finding).advice ?? []);
  return [
    ...new Set(advice.length === 0 ? ['Review the activity of the workload and the content of its image.'] : advice),
  ].slice(0, maxNextSteps);
}

/** Credits of the rules: licenses require that their authors are named. */
function creditsOf(alerts: readonly DetectionAlert[]): RuleCredit[] {
  const credits = new Map<string, RuleCredit>();
  for (const { rule } of alerts) {
    credits.set(rule.id, {
      id: rule.id,
      title: rule.title,
      author: rule.author,
      license: rule.license,
      link: rule.link,
    });
  }
  return [...credits.values()];
}
