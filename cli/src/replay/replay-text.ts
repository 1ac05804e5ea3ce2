import { type DetectionAlert, compareLevel } from '@tidewaiter/detection';
import { compareSeverity, type Incident, type IncidentStep, printable } from '@tidewaiter/domain';
import { paint, type Pen, penOf, wrap } from '@tidewaiter/reports';

import { count } from '../terminal.js';
import type { Replayed } from './replayed.js';

const labelColumns = 12;
const maxOtherRules = 30;
/** Width below which a value is printed under its label. */
const spacious = 72;

/** Text output: each incident with its steps, then the alerts without an incident. */
export function replayText(replayed: Replayed, terminal: Pen): string {
  const pen = penOf({ ...terminal, toolVersion: '' });
  const incidents = replayed.incidents.toSorted(
    (a, b) => compareSeverity(a.severity, b.severity) || b.score - a.score || (a.firstSeen < b.firstSeen ? -1 : 1),
  );
  const lines = [
    ...incidents.flatMap((incident) => [...incidentLines(incident, pen), '']),
    ...otherAlerts(replayed, pen),
    summary(replayed),
  ];
  return `${lines.join('\n')}\n`;
}

function incidentLines(incident: Incident, pen: Pen): string[] {
  const { severity, title, sentence } = incident;
  const head = wrap(`${severity.toUpperCase()}  ${printable(title)}`, pen.width);
  return [
    ...head.map((line) => paint(line, severity, pen)),
    ...wrap(printable(sentence, 1000), pen.width),
    '',
    ...row('image', [incident.image, incident.imageDigest].filter(Boolean).join(' at '), pen),
    ...row('opened by', `${incident.openedBy} (${incident.id})`, pen),
    ...row('findings', incident.findings.join(', '), pen),
    ...row('ATT&CK', incident.techniques.join(', '), pen),
    ...incident.factsUsed.flatMap((fact, index) => row(index === 0 ? 'known' : '', fact, pen)),
    '',
    ...incident.steps.flatMap((step, index) => stepLines(step, incident, isNewDay(incident.steps, index), pen)),
    '',
    ...incident.nextSteps.flatMap((step, index) => row(index === 0 ? 'what to do' : '', `${index + 1}. ${step}`, pen)),
    ...creditLines(incident).flatMap((line, index) => row(index === 0 ? 'found by' : '', line, pen)),
  ];
}

/** One field of an incident, beside its label or, on a narrow terminal, under it. */
function row(label: string, text: string, pen: Pen): string[] {
  if (text === '') return [];
  const margin = pen.width < spacious ? 4 : labelColumns + 2;
  const lines = wrap(printable(text, 2000), pen.width - margin).map((line) => `${' '.repeat(margin)}${line}`);
  if (label === '') return lines;
  if (pen.width < spacious) return [`  ${label}`, ...lines];
  return [`  ${label.padEnd(labelColumns)}${lines[0]!.slice(margin)}`, ...lines.slice(1)];
}

function isNewDay(steps: readonly IncidentStep[], index: number): boolean {
  return steps[index]!.at.slice(0, 10) !== steps[index - 1]?.at.slice(0, 10);
}

function stepLines(step: IncidentStep, { evidence }: Incident, isNewDate: boolean, pen: Pen): string[] {
  const margin = ' '.repeat(4);
  const what = [step.stage, step.technique].filter((part) => part !== null).join(' ');
  const head = `${step.at.slice(11, 19)}  ${printable(step.title)}${what === '' ? '' : ` (${what})`}`;
  const [shown] = evidence.filter(({ event }) => step.events.includes(event));
  return [
    ...(isNewDate ? [`  ${step.at.slice(0, 10)}`] : []),
    ...wrap(head, pen.width - margin.length).map((line) => `${margin}${paint(line, step.severity, pen)}`),
    ...(shown === undefined ? [] : indented(printable(shown.text), margin.length + 2, pen)),
    ...indented(eventsText(step.events), margin.length + 2, pen),
  ];
}

function indented(text: string, margin: number, pen: Pen): string[] {
  return wrap(text, pen.width - margin).map((line) => `${' '.repeat(margin)}${line}`);
}

const maxShownEvents = 8;

function eventsText(events: readonly string[]): string {
  const shown = events.slice(0, maxShownEvents).map((event) => printable(event, 40));
  return `${shown.join(' ')}${events.length > maxShownEvents ? ` and ${events.length - maxShownEvents} more` : ''}`;
}

/** The author of the rules that come with Tidewaiter. */
const ourselves = 'Tidewaiter';

/** Credits the author of each matched rule; rules of Tidewaiter and of sensors are only counted. */
function creditLines({ rules }: Incident): string[] {
  const own = rules.filter(({ author }) => author === ourselves).length;
  const sensors = rules.filter(({ author }) => author === null).length;
  return [
    ...rules.filter(({ author }) => author !== null && author !== ourselves).map(credit),
    ...(own > 0 ? [`${count(own)} ${own === 1 ? 'rule' : 'rules'} of ${ourselves}`] : []),
    ...(sensors > 0 ? [`${count(sensors)} ${sensors === 1 ? 'rule' : 'rules'} without an author, or of sensors`] : []),
  ];
}

/**
 * Title with author and license: the Detection Rule License requires that each match names the
 * rule's author.
 */
function credit({ title, author, license }: Incident['rules'][number]): string {
  const by = [author, license].filter((part) => part !== null).join(', ');
  return by === '' ? title : `${title} (${by})`;
}

/** Alerts without an incident, by rule: the most severe, then the most frequent first. */
function otherAlerts({ alerts, incidentOf }: Replayed, pen: Pen): string[] {
  const byRule = new Map<string, { alert: DetectionAlert; count: number }>();
  for (const alert of alerts) {
    if (alert.severity === 'informational' || incidentOf(alert.id) !== null) continue;
    const rule = byRule.get(alert.rule.id) ?? { alert, count: 0 };
    byRule.set(alert.rule.id, { ...rule, count: rule.count + 1 });
  }
  const rules = [...byRule.values()].toSorted(
    (a, b) => compareLevel(a.alert.severity, b.alert.severity) || b.count - a.count,
  );
  if (rules.length === 0) return [];
  const left = rules.length - maxOtherRules;
  return [
    paint('Alerts that are no incident', 'title', pen),
    ...rules.slice(0, maxOtherRules).flatMap(({ alert, count: times }) => otherLines(alert, times, pen)),
    ...(left > 0 ? [`  … and ${left} rules more: -o json has them all`] : []),
    '',
  ];
}

function otherLines(alert: DetectionAlert, times: number, pen: Pen): string[] {
  const { rule, severity, lowered, events } = alert;
  const head = `${times}×  ${credit({ ...rule, id: rule.id })}: ${events.at(-1)!}${times > 1 ? ' first' : ''}${lowered === null ? '' : `; lowered, because ${lowered}`}`;
  return row(severity, head, pen);
}

function summary({ incidents, alertCount, counts }: Replayed): string {
  const things = [
    `${count(counts.observed)} events`,
    `${count(alertCount)} alerts`,
    `${count(incidents.length)} ${incidents.length === 1 ? 'incident' : 'incidents'}`,
  ];
  return things.join(', ');
}
