import {
  compareSeverity,
  type Incident,
  type IncidentStep,
  type RevisionKind,
  type triageKinds,
} from '@tidewaiter/domain';

/** Changes of an incident against its previous state, as text. */
export interface IncidentChangeLines {
  kind: Exclude<RevisionKind, (typeof triageKinds)[number]>;
  news: string[];
}

/** Limit on the lines of one kind in the news of a revision. */
const maxLines = 10;

/** Fields of an incident that notifications depend on. */
export type NotifiedIncident = Pick<
  Incident,
  | 'state'
  | 'mergedInto'
  | 'title'
  | 'titleRank'
  | 'severity'
  | 'steps'
  | 'findings'
  | 'workload'
  | 'workloads'
  | 'imageDigest'
  | 'evidence'
>;

/**
 * Returns the news of an incident, or null when only its counts and its evidence have grown.
 * `after` is the builder's state; `resolvedByPerson`: whether a user closed it, which holds until
 * there is a new step or the incident gets worse.
 */
export function incidentChanges(
  before: null,
  after: NotifiedIncident,
  how: { resolvedByPerson: boolean },
): IncidentChangeLines;
export function incidentChanges(
  before: NotifiedIncident | null,
  after: NotifiedIncident,
  how: { resolvedByPerson: boolean },
): IncidentChangeLines | null;
export function incidentChanges(
  before: NotifiedIncident | null,
  after: NotifiedIncident,
  { resolvedByPerson }: { resolvedByPerson: boolean },
): IncidentChangeLines | null {
  if (before === null) return { kind: 'opened', news: stepLines(after.steps) };
  if (before.state === 'merged') return null;
  if (after.state === 'merged') return { kind: 'merged', news: ['Merged into another incident'] };
  if (after.state === 'resolved') {
    return before.state === 'resolved' ? null : { kind: 'resolved', news: ['No further activity'] };
  }
  const isSeverer = compareSeverity(after.severity, before.severity) < 0;
  const isRenamed = isRenamedForTheWorse(before, after);
  const pushes = newPushes(before, after);
  const isWorse = isSeverer || isRenamed || pushes.length > 0;
  const steps = newSteps(before, after);
  const news = [
    ...(isSeverer ? [`Severity rose from ${before.severity} to ${after.severity}`] : []),
    ...(isRenamed ? [`Renamed: ${after.title}`] : []),
    ...cut(pushes.map((text) => `Also: ${text}`)),
    ...stepLines(steps),
    ...otherLines(before, after),
  ];
  if (before.state === 'resolved') {
    const isReopened = !resolvedByPerson || isWorse || steps.length > 0;
    return isReopened ? { kind: 'reopened', news } : null;
  }
  if (isWorse) return { kind: 'worsened', news };
  const isLess = compareSeverity(after.severity, before.severity) > 0;
  if (isLess) news.unshift(`Severity fell from ${before.severity} to ${after.severity}`);
  return news.length > 0 ? { kind: 'updated', news } : null;
}

/**
 * Whether the title became worse, as from `Download` to `Cryptominer`: the first notification was
 * then misleading.
 */
function isRenamedForTheWorse(before: NotifiedIncident, after: NotifiedIncident): boolean {
  if (before.titleRank === null || after.titleRank === null) return false;
  return after.titleRank < before.titleRank && after.title !== before.title;
}

/**
 * Pushes that joined. The incident replaces their own messages, so each is notified, even after a
 * user closed the incident.
 */
function newPushes(before: NotifiedIncident, after: NotifiedIncident): string[] {
  const known = new Set(before.evidence.map(({ event }) => event));
  return after.evidence.flatMap(({ source, event, text }) =>
    source === 'registry' && !known.has(event) ? [text] : [],
  );
}

function newSteps(before: NotifiedIncident, after: NotifiedIncident): IncidentStep[] {
  // More events of a step, or an earlier event that came late, do not make it a new step.
  const known = new Set(before.steps.map(nameOf));
  return after.steps.filter((step) => !known.has(nameOf(step)));
}

function nameOf({ title, technique }: IncidentStep): string {
  return JSON.stringify([title, technique]);
}

function stepLines(steps: readonly IncidentStep[]): string[] {
  return cut(steps.map(({ title, technique }) => (technique === null ? title : `${title} (${technique})`)));
}

function otherLines(before: NotifiedIncident, after: NotifiedIncident): string[] {
  const known = new Set(before.workloads.map(placeOf));
  const reached = after.workloads.filter((each) => !known.has(placeOf(each)));
  const findings = after.findings.filter((each) => !before.findings.includes(each));
  return [
    ...cut(reached.map(({ workload }) => `Also in ${workload}`)),
    ...(findings.length > 0 ? [`Also: ${cut(findings).join(', ')}`] : []),
    ...(before.workload === null && after.workload !== null ? [`Workload identified: ${after.workload}`] : []),
    ...(before.imageDigest === null && after.imageDigest !== null ? ['Image identified'] : []),
  ];
}

function placeOf({ cluster, workload }: Incident['workloads'][number]): string {
  return JSON.stringify([cluster, workload]);
}

function cut(lines: readonly string[]): string[] {
  return lines.length > maxLines ? [...lines.slice(0, maxLines), `${lines.length - maxLines} more`] : [...lines];
}
