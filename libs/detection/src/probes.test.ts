import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env, stdout } from 'node:process';

import { factsFromFile } from '@tidewaiter/facts';
import { loadRules } from '@tidewaiter/sigma';

import { type DetectionAlert, isLevelAtLeast, type AlertLevel } from './alerts/alert.js';
import { type RecordedEvent, recordOf, replayRecords } from './storylines/storyline.js';

const folder = join(__dirname, '../../../rules');
const file = join(env.TIDEWAITER_SHARED ?? join(__dirname, '../../../../shared'), 'detection/technique-probes.jsonl');

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

describe('Detector, with probes of single techniques', () => {
  if (existsSync(file)) {
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    const probes = lines.map((line) => JSON.parse(line) as Probe);

    it.each(probes.filter((probe) => probe.expect === 'alert'))('finds $technique: $what ($id)', (probe) => {
      const alerts = alertsOf(probe);
      const found = alerts.filter(
        ({ severity, techniques }) =>
          techniques.includes(probe.technique) && isLevelAtLeast(severity, probe.min_severity),
      );
      expect(found.length > 0 || shortly(alerts)).toBe(true);
    });

    it.each(probes.filter((probe) => probe.expect === 'no_alert'))(
      'does not report $technique: $what ($id)',
      (probe) => {
        const wrong = alertsOf(probe).filter(({ techniques }) => techniques.includes(probe.technique));
        expect(shortly(wrong)).toEqual([]);
      },
    );
  } else {
    stdout.write(`the probes are not there: ${file}; set TIDEWAITER_SHARED\n`);
    it.todo('probes of techniques: not there');
  }
});

function shortly(alerts: readonly DetectionAlert[]): string[] {
  return alerts.map(({ severity, techniques, title }) => `${severity} [${techniques.join()}] ${title}`);
}
