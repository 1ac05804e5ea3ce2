import { compareTimed } from '@tidewaiter/collections';
import type { IncidentStep } from '@tidewaiter/domain';

import { type DetectionAlert, compareLevel } from '../alerts/alert.js';
import { roleOf } from './alert-cluster.js';
import { severityOf } from './incident-severity.js';

/** Limit on steps: in longer campaigns, the last step collects the rest. */
const maxSteps = 40;
const maxEventsOfStep = 100;
/** Time for which an alert without a finding of its own continues the previous step. */
const pauseMs = 10 * 60_000;

interface OpenStep {
  best: DetectionAlert;
  finding: string | null;
  startMs: number;
  lastMs: number;
  events: string[];
}

/**
 * Groups alerts into the steps of an attack, in order of time: repetitions and accompanying alerts
 * join one step. Each event is in one step, and events read step by step are in order of time.
 */
export function stepsOf(alerts: readonly DetectionAlert[]): IncidentStep[] {
  const steps: OpenStep[] = [];
  for (const moment of moments(alerts)) {
    const current = steps.at(-1);
    if (current !== undefined && (steps.length >= maxSteps || continues(current, moment))) extend(current, moment);
    else steps.push(newStep(moment));
  }
  return steps.map(({ best, startMs, events }) => ({
    title: best.rule.title,
    technique: best.techniques[0] ?? null,
    stage: best.stage,
    severity: severityOf(best.severity),
    at: best.timeMs === startMs ? best.at : new Date(startMs).toISOString(),
    events: events.slice(0, maxEventsOfStep),
  }));
}

/** One event, and its most significant alert. */
interface EventLead {
  timeMs: number;
  event: string;
  lead: DetectionAlert;
}

function moments(alerts: readonly DetectionAlert[]): EventLead[] {
  const byEvent = new Map<string, { timeMs: number; candidates: { alert: DetectionAlert; rank: number }[] }>();
  for (const alert of alerts) {
    for (const [index, event] of alert.events.entries()) {
      const moment = byEvent.get(event) ?? { timeMs: alert.eventTimesMs[index] ?? alert.timeMs, candidates: [] };
      // An alert ranks higher for its last event than for an event that only contributes to it.
      moment.candidates.push({ alert, rank: significance(alert) + (index === alert.events.length - 1 ? 0 : 1.5) });
      byEvent.set(event, moment);
    }
  }
  return [...byEvent]
    .map(([event, { timeMs, candidates }]) => ({ event, timeMs, lead: mostSignificant(candidates) }))
    .toSorted((a, b) => a.timeMs - b.timeMs || (a.event < b.event ? -1 : 1));
}

function mostSignificant(candidates: readonly { alert: DetectionAlert; rank: number }[]): DetectionAlert {
  const [first] = candidates.toSorted(
    (a, b) => a.rank - b.rank || compareLevel(a.alert.severity, b.alert.severity) || compareTimed(a.alert, b.alert),
  );
  return first!.alert;
}

const roleRank = { core: 0, sensor: 2, context: 4 };

function significance(alert: DetectionAlert): number {
  return roleRank[roleOf(alert)] + (alert.finding === null ? 1 : 0);
}

function newStep({ lead, event, timeMs }: EventLead): OpenStep {
  return { best: lead, finding: lead.finding, startMs: timeMs, lastMs: timeMs, events: [event] };
}

function continues(step: OpenStep, { lead, timeMs }: EventLead): boolean {
  if (lead.finding !== null) return lead.finding === step.finding;
  // An alert without a finding continues the step; a core alert of a user's rule does so only in
  // the same stage.
  return timeMs - step.lastMs <= pauseMs && (roleOf(lead) !== 'core' || lead.stage === step.best.stage);
}

function extend(step: OpenStep, { lead, event, timeMs }: EventLead): void {
  step.events.push(event);
  step.lastMs = timeMs;
  const order = significance(lead) - significance(step.best) || compareLevel(lead.severity, step.best.severity);
  if (order < 0) step.best = lead;
}
