import type { Replayed } from './replayed.js';

/** For scripts: the names are those of the API. */
export function replayJson({ incidents, incidentOf, alerts, alertCount, counts }: Replayed): object {
  return {
    incidents: incidents.map(({ evidence: _records, ...incident }) => incident),
    alerts: alerts.map((alert) => ({
      rule: alert.rule.title,
      severity: alert.severity,
      event: alert.events.at(-1),
      techniques: alert.techniques,
      id: alert.id,
      at: alert.at,
      events: alert.events,
      stage: alert.stage,
      finding: alert.finding,
      weight: alert.weight,
      lowered: alert.lowered,
      explanation: alert.explanation,
      incident: incidentOf(alert.id),
      ruleId: alert.rule.id,
      author: alert.rule.author,
      license: alert.rule.license,
    })),
    stats: { ...counts, alerts: alertCount, incidents: incidents.length },
  };
}
