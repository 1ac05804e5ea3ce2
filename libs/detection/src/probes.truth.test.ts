import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { factsFromFile } from '@tidewaiter/facts';
import { loadRules } from '@tidewaiter/sigma';
import { describeWith, sharedData } from '@tidewaiter/testkit';

import { type DetectionAlert, isLevelAtLeast, type AlertLevel } from './alerts/alert.js';
import { type RecordedEvent, recordOf, replayRecords } from './storylines/storyline.js';

const folder = join(__dirname, '../../../rules');
const shared = sharedData('detection/technique-probes.jsonl');

/** A few events of one technique, or of benign activity that resembles it. */
interface Probe {
  id: string;
  technique: string;
  what: string;
  expect: 'alert' | 'no_alert';
  min_severity: AlertLevel;
  events: RecordedEvent[];
  facts: unknown;
}

const rules = loadRules(
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yml'))
    .toSorted()
    .map((name) => ({ path: `rules/${name}`, text: readFileSync(join(folder, name), 'utf8') })),
);

function alertsOf({ events, facts }: Probe): DetectionAlert[] {
  const { cluster } = factsFromFile(facts);
  const records = events.map((event) => recordOf(event, cluster));
  return replayRecords(rules, { records, facts }, { allowedLatenessMs: 0, endAfterMs: 3_600_000 }).alerts;
}

describeWith(shared)('Detector, with probes of single techniques', () => {
  const lines = readFileSync(shared.path, 'utf8').split('\n').filter(Boolean);
  const probes = lines.map((line) => JSON.parse(line) as Probe);

  it.each(probes.filter((probe) => probe.expect === 'alert'))('finds $technique: $what ($id)', (probe) => {
    const alerts = alertsOf(probe);
    const found = alerts.filter(
      ({ severity, techniques }) =>
        techniques.includes(probe.technique) && isLevelAtLeast(severity, probe.min_severity),
    );
    expect(found.length > 0 || shortly(alerts)).toBe(true);
  });

  it.each(probes.filter((probe) => probe.expect === 'no_alert'))('does not report $technique: $what ($id)', (probe) => {
    const wrong = alertsOf(probe).filter(({ techniques }) => techniques.includes(probe.technique));
    expect(shortly(wrong)).toEqual([]);
  });
});

function shortly(alerts: readonly DetectionAlert[]): string[] {
  return alerts.map(({ severity, techniques, title }) => `${severity} [${techniques.join()}] ${title}`);
}
