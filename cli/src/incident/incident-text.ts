import { printable } from '@tidewaiter/domain';

/** An incident, as far as commands name it. */
export interface NamedIncident {
  id: string;
  number: number;
}

/** An incident with its timeline, as the API has it. */
export interface IncidentDetail extends NamedIncident {
  title: string;
  sentence: string;
  severity: string;
  state: string;
  workload: string | null;
  image: string | null;
  assignee: string | null;
  snoozedUntil: string | null;
  resolvedBy: string | null;
  resolution: string | null;
  nextSteps: readonly string[];
  timeline: readonly { at: string; title: string; detail: string | null }[];
}

/** An incident for a terminal: what happened, who works on it, what to do. */
export function incidentText(incident: IncidentDetail): string {
  const { number, title, sentence, severity, state, nextSteps, timeline } = incident;
  const facts = [
    ['severity', severity],
    ['state', state],
    ['workload', incident.workload],
    ['image', incident.image],
    ['assignee', incident.assignee],
    ['snoozed until', incident.snoozedUntil],
    ['resolved by', incident.resolvedBy],
    ['resolution', incident.resolution],
  ].flatMap(([name, value]) => (value == null ? [] : [`${name}: ${value}`]));
  const lines = [
    `INC-${number} ${title}`,
    sentence,
    '',
    ...facts,
    '',
    ...timeline.map(({ at, title: entry, detail }) => [at, entry, detail].filter(Boolean).join('  ')),
    ...(state === 'open' && nextSteps.length > 0 ? ['', 'What to do:', ...nextSteps.map((step) => `- ${step}`)] : []),
  ];
  return lines.map((line) => `${printable(line)}\n`).join('');
}
