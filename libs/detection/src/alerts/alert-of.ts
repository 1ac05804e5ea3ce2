import { createHash } from 'node:crypto';

import { cut, type Observation } from '@tidewaiter/domain';
import { factField, isFactField } from '@tidewaiter/facts';
import type { Firing, RuleMatch, RuleInfo, RuleSet } from '@tidewaiter/sigma';

import { evidenceOf, type EventContext } from '../events/event-context.js';
import type { EventInputs } from '../events/event-inputs.js';
import { eventView } from '../events/event-view.js';
import type { TreeProcess } from '../events/process-tree.js';
import { campaignJoins } from '../incidents/campaign-joins.js';
import type { DetectionAlert } from './alert.js';
import { lowerExpected } from './expectation.js';
import { alertRule, meaningOf } from './rule-meaning.js';
import type { SensorEvaluation } from './sensor-alert.js';
import { containerSubject, sensorTitle, subjectKey } from './sensor-subject.js';

/** Creates the alert of a rule that matched. */
export function ruleAlert(match: RuleMatch, eventContext: EventContext, inputs: EventInputs): DetectionAlert {
  const { rule } = match;
  const meaning = meaningOf(rule);
  const { joins, finding, name, stage, techniques, weight } = meaning;
  const alert: DetectionAlert = {
    ...fromEventContext(eventContext),
    id: alertId(rule.id, [eventContext.event]),
    rule: alertRule(rule),
    severity: rule.level,
    weight,
    ...(weight === 'context'
      ? { events: [eventContext.event], eventTimesMs: [eventContext.timeMs] }
      : eventsOf(eventContext, inputs)),
    techniques,
    stage,
    title: rule.title,
    finding,
    name: name === null ? null : filled(name, inputs),
    isFact: isAboutFacts(match),
    bySensor: false,
    keys: [
      ...eventContext.keys,
      ...extraKeys([...joins, ...campaignJoins(inputs), ...hostJoins(inputs), ...releaseJoins(inputs)], [eventContext]),
    ],
    // Context alerts carry only the sentence, not the record.
    evidence: [evidenceOf(eventContext, rule.title, weight === 'context' ? null : inputs.observation.native)],
    lowered: null,
  };
  return lowerExpected(alert, inputs, meaning);
}

/**
 * Fills `{Field}` of an incident name with the event's values: `Malicious package {File.Package}`.
 * Null if one is unknown, so that the finding names the incident.
 */
function filled(name: string, inputs: EventInputs): string | null {
  if (!name.includes('{')) return name;
  const event = eventView(inputs);
  let isComplete = true;
  const text = name.replaceAll(/\{([A-Za-z.]+)\}/g, (_, field: string) => {
    const value = event.field(field);
    isComplete &&= typeof value === 'string' && value !== '';
    return cut(String(value), maxNameValueChars);
  });
  return isComplete ? text : null;
}

const maxNameValueChars = 80;

/** Age up to which the start events of a process and its parents belong to its alerts. */
const justStartedMs = 10 * 60_000;
/** Limit on parents whose start is added: a shell, and the script that started it. */
const maxStartedParents = 2;

function eventsOf(
  { event, timeMs }: EventContext,
  { process, tree }: EventInputs,
): Pick<DetectionAlert, 'events' | 'eventTimesMs'> {
  const parents = process === null ? [] : startedParents(process, tree.ancestors(process));
  const starts = [...parents, ...(process === null ? [] : [process])].flatMap(({ startEvent, startedMs }) =>
    startEvent === null || startedMs === null || startEvent === event || timeMs - startedMs > justStartedMs
      ? []
      : startEvent,
  );
  const events = [...starts, event];
  // All have the time of the event: the starts are part of the same step, not steps of their own.
  return { events, eventTimesMs: events.map(() => timeMs) };
}

/**
 * Parents in the same container, the farthest first, without its first process and the first ones
 * of the node: a server and a daemon are no part of what they start.
 */
function startedParents(process: TreeProcess, ancestors: readonly TreeProcess[]): TreeProcess[] {
  const inside = ancestors.filter(({ container, parent }) => container === process.container && parent !== null);
  const isFirst = ({ parent }: TreeProcess) =>
    process.container !== null && !inside.some(({ name }) => name.node === parent?.node && name.id === parent.id);
  return inside
    .filter((each) => !isFirst(each))
    .slice(0, maxStartedParents)
    .toReversed();
}

/**
 * Joins alerts about host processes outside containers by node: such a process may have escaped
 * from a container there.
 */
function hostJoins({ observation, process, tree }: EventInputs): string[] {
  if (observation.process === null || observation.container !== null || observation.pod !== null) return [];
  const ancestors = process === null ? [] : tree.ancestors(process).map(({ executable }) => executable);
  const isScheduled = [observation.process.parentExecutable, ...ancestors].some((path) => scheduler.test(path ?? ''));
  return isScheduled ? ['on-node', 'scheduled'] : ['on-node'];
}

/** Programs of a node that start what their files list. */
const scheduler = /(?:^|\/)(?:cron|crond|anacron|atd|fcron|busybox-crond)$/;

/**
 * Joins runtime alerts with the incident of the push whose tag was moved, whose usual signature is
 * missing, or whose build was altered.
 */
function releaseJoins({ observation, facts }: EventInputs): string[] {
  const found = factField('Image.SupplyChainFindings', observation, facts);
  return Array.isArray(found) && found.some((id) => incidentFindings.has(String(id))) ? ['release'] : [];
}

const incidentFindings = new Set([
  'release-tag-moved',
  'identity-missing',
  'identity-changed',
  'same-revision-different-content',
]);

/**
 * Creates the alert of a sensor's own evaluation; `speakers` are the rules that describe it in more
 * detail, the severest first.
 */
export function sensorAlert(
  eventContext: EventContext,
  inputs: EventInputs,
  evaluation: SensorEvaluation,
  speakers: readonly RuleInfo[],
): DetectionAlert {
  const { observation } = inputs;
  const alert = observation.alert!;
  const { severity, weight, lowered } = evaluation;
  const meanings = speakers.map(meaningOf);
  const [meaning] = meanings;
  const id = `${observation.source}:${alert.rule}`;
  return {
    ...fromEventContext(eventContext),
    id: alertId(id, [eventContext.event]),
    rule: {
      id,
      title: alert.rule,
      author: null,
      license: null,
      level: severity,
      tags: [...alert.tags],
      link: null,
      file: null,
    },
    severity,
    weight,
    events: [eventContext.event],
    eventTimesMs: [eventContext.timeMs],
    techniques: [...new Set([...evaluation.techniques, ...meanings.flatMap(({ techniques }) => techniques)])],
    stage: meaning?.stage ?? evaluation.stage,
    title: sensorTitle(observation, eventContext.context),
    finding: meaning?.finding ?? null,
    name: meaning?.name ?? null,
    isFact: false,
    bySensor: true,
    keys: [
      ...eventContext.keys,
      ...subjectsOf(observation),
      ...extraKeys([...new Set([...meanings.flatMap(({ joins }) => joins), ...hostJoins(inputs)])], [eventContext]),
    ],
    evidence: [evidenceOf(eventContext, alert.rule, observation.native)],
    lowered,
  };
}

function subjectsOf(observation: Observation): string[] {
  const subjects = [subjectKey(observation), containerSubject(observation)];
  return subjects.flatMap((subject) => (subject === null ? [] : [`subject:${subject}`]));
}

const maxKeys = 64;
const maxEvidence = 8;

/**
 * Creates the alert of a correlation. It has the join keys of all its events, since the correlation
 * proves that they belong together. `members` are the contexts of its events that are still in
 * memory, in order of time.
 */
export function firingAlert(
  { rule, timeMs, events, group }: Firing,
  members: readonly EventContext[],
  isFact: boolean,
): DetectionAlert {
  const { joins, finding, name, stage, techniques, weight } = meaningOf(rule);
  const last = members.at(-1);
  const times = new Map(members.map((eventContext) => [eventContext.event, eventContext.timeMs]));
  const keys = new Set([...members.flatMap((eventContext) => eventContext.keys), ...extraKeys(joins, members)]);
  return {
    ...(last === undefined ? placeless(timeMs, group) : fromEventContext(last)),
    id: alertId(rule.id, events),
    rule: alertRule(rule),
    timeMs,
    severity: rule.level,
    weight,
    events: [...events],
    eventTimesMs: events.map((event) => times.get(event) ?? timeMs),
    techniques,
    stage,
    title: rule.title,
    finding,
    name,
    isFact,
    bySensor: false,
    keys: [...keys].toSorted().slice(0, maxKeys),
    image: uniqueByText(members.flatMap((eventContext) => eventContext.image)),
    artifacts: uniqueByText(members.flatMap((eventContext) => eventContext.artifacts)),
    evidence: members.slice(-maxEvidence).map((eventContext) => evidenceOf(eventContext, rule.title, null)),
    lowered: null,
  };
}

/** Whether a rule matched by facts, not only by the event's own fields. */
export function isAboutFacts(match: RuleMatch): boolean {
  return match.explain().some(({ field }) => isFactField(field));
}

const factAsking = new WeakMap<RuleInfo, boolean>();

/**
 * Whether a rule uses facts at all: most parts of correlations only count events, and explaining
 * each match is slow.
 */
export function asksForFacts(rule: RuleInfo, rules: RuleSet): boolean {
  let asks = factAsking.get(rule);
  if (asks === undefined) factAsking.set(rule, (asks = rules.fieldsOf(rule).some(isFactField)));
  return asks;
}

function fromEventContext({ at, timeMs, explanation, context, image, artifacts }: EventContext) {
  return { at, timeMs, explanation, context, image, artifacts };
}

/** Fallback where no event is in memory any more: only the group of the correlation is known. */
function placeless(timeMs: number, group: Record<string, string>): ReturnType<typeof fromEventContext> {
  const shared = Object.entries(group).map(([field, value]) => `${field} ${value}`);
  return {
    at: new Date(timeMs).toISOString(),
    timeMs,
    explanation: shared.join(', '),
    context: {
      cluster: null,
      node: null,
      namespace: group['Pod.Namespace'] ?? null,
      pod: group['Pod.Name'] ?? null,
      container: group['Container.Id'] ?? null,
      workload: null,
      image: null,
      imageDigest: null,
    },
    image: [],
    artifacts: [],
  };
}

function extraKeys(joins: readonly string[], eventContexts: readonly EventContext[]): string[] {
  return eventContexts.flatMap((eventContext) => joins.flatMap((join) => eventContext.extraKeys[join] ?? []));
}

function alertId(rule: string, events: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([rule, ...events]))
    .digest('hex')
    .slice(0, 32);
}

function uniqueByText<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
