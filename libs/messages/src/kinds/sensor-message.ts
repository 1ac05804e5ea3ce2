import { clean, fact, headWord, maxItemChars, maxTitleChars, type Message, timeText } from '../message.js';

/** A sensor that became stale, or that reports again. */
export interface SensorReport {
  sensor: string;
  kind: string;
  cluster: string | null;
  status: 'firing' | 'resolved';
  /** ISO 8601. */
  heardAt: string;
  /** ISO 8601. */
  silentSince: string;
}

/** Severity of a stale sensor: unseen attacks may be worse than most reported ones. */
export const silenceSeverity = 'high';

/**
 * One message about one sensor: a stale sensor may be a broken shipper, or the work of an attacker.
 */
export function sensorMessage(report: SensorReport): Message {
  const { sensor, kind, cluster, status, heardAt } = report;
  const headline = status === 'firing' ? `Sensor ${sensor} is silent` : `Sensor ${sensor} sends again`;
  return {
    kind: 'sensor',
    status,
    severity: silenceSeverity,
    title: clean(`${headWord({ status, severity: silenceSeverity })} · ${headline}`, maxTitleChars),
    summary: clean(summaryOf(report), 2 * maxItemChars),
    facts: [
      ...fact('Sensor', `${sensor} (${kind})`),
      ...fact('Cluster', cluster),
      ...fact('Last heard', timeText(heardAt)),
    ],
    sections: [],
    links: [],
    footer: clean(`Tidewaiter · sensor ${sensor}`, maxItemChars),
  };
}

function summaryOf({ status, heardAt, silentSince, cluster }: SensorReport): string {
  const where = cluster === null ? '' : ` of the cluster ${cluster}`;
  if (status === 'resolved') {
    return `It was silent since ${timeText(silentSince)}. Activity in the meantime was not monitored, unless the sensor sends it now.`;
  }
  const since = `No events since ${timeText(heardAt)}.`;
  return `${since} Activity${where} is not monitored: check whether the sensor runs, whether it reaches Tidewaiter, and whether it was stopped on purpose.`;
}
