import { compareSeverity, type Incident, type IncidentStep } from '@tidewaiter/domain';

/** `updated` and `acknowledged` are for those who follow an incident; everything else is for everybody. */
export const revisionKinds = [
  'opened',
  'updated',
  'acknowledged',
  'worsened',
  'reopened',
  'resolved',
  'merged',
] as const;

export type RevisionKind = (typeof revisionKinds)[number];

/** What a state of an incident has that the one before had not, in words. */
export interface IncidentNews {
  kind: RevisionKind;
  news: string[];
}

/** Lines of one kind in the news of one revision, at most. */
const maxLines = 10;

/** What of an incident people are told. */
export type ToldIncident = Pick<
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
 * Tells what is new in an incident, or null when only its counts and its evidence have grown. `after` is what the builder says;
 * `resolvedByPerson`: whether somebody closed it, which holds until something really new happens.
 */
export function incidentNews(before: null, after: ToldIncident, how: { resolvedByPerson: boolean }): IncidentNews;
export function incidentNews(
  before: ToldIncident | null,
  after: ToldIncident,
  how: { resolvedByPerson: boolean },
): IncidentNews | null;
export function incidentNews(
  before: ToldIncident | null,
  after: ToldIncident,
  { resolvedByPerson }: { resolvedByPerson: boolean },
): IncidentNews | null {
  if (before === null) return { kind: 'opened', news: stepLines(after.steps) };
  if (before.state === 'merged') return null;
  if (after.state === 'merged') return { kind: 'merged', news: ['Goes on in another incident'] };
  if (after.state === 'resolved') {
    return before.state === 'resolved' ? null : { kind: 'resolved', news: ['Nothing more happened'] };
  }
  const isSeverer = compareSeverity(after.severity, before.severity) < 0;
  const isRenamed = isRenamedForTheWorse(before, after);
  const pushes = newPushes(before, after);
  const isWorse = isSeverer || isRenamed || pushes.length > 0;
  const steps = newSteps(before, after);
  const news = [
    ...(isSeverer ? [`Severity rose from ${before.severity} to ${after.severity}`] : []),
    ...(isRenamed ? [`Now: ${after.title}`] : []),
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

/** `Download` that turns out to be a `Cryptominer`: whoever read the first title alone was misled. */
function isRenamedForTheWorse(before: ToldIncident, after: ToldIncident): boolean {
  if (before.titleRank === null || after.titleRank === null) return false;
  return after.titleRank < before.titleRank && after.title !== before.title;
}

/** Pushes that joined. An incident stands for their own messages, so people hear of each, also after somebody closed the incident. */
function newPushes(before: ToldIncident, after: ToldIncident): string[] {
  const known = new Set(before.evidence.map(({ event }) => event));
  return after.evidence.flatMap(({ source, event, text }) =>
    source === 'registry' && !known.has(event) ? [text] : [],
  );
}

function newSteps(before: ToldIncident, after: ToldIncident): IncidentStep[] {
  // More events of a step, or an earlier one that came late, make no other step of it.
  const known = new Set(before.steps.map(nameOf));
  return after.steps.filter((step) => !known.has(nameOf(step)));
}

function nameOf({ title, technique }: IncidentStep): string {
  return JSON.stringify([title, technique]);
}

function stepLines(steps: readonly IncidentStep[]): string[] {
  return cut(steps.map(({ title, technique }) => (technique === null ? title : `${title} (${technique})`)));
}

function otherLines(before: ToldIncident, after: ToldIncident): string[] {
  const known = new Set(before.workloads.map(placeOf));
  const reached = after.workloads.filter((each) => !known.has(placeOf(each)));
  const findings = after.findings.filter((each) => !before.findings.includes(each));
  return [
    ...cut(reached.map(({ workload }) => `Also in ${workload}`)),
    ...(findings.length > 0 ? [`Also: ${cut(findings).join(', ')}`] : []),
    ...(before.workload === null && after.workload !== null ? [`The workload is known now: ${after.workload}`] : []),
    ...(before.imageDigest === null && after.imageDigest !== null ? ['The image is known now'] : []),
  ];
}

function placeOf({ cluster, workload }: Incident['workloads'][number]): string {
  return JSON.stringify([cluster, workload]);
}

function cut(lines: readonly string[]): string[] {
  return lines.length > maxLines ? [...lines.slice(0, maxLines), `${lines.length - maxLines} more`] : [...lines];
}
