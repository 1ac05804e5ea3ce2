import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env, stdout } from 'node:process';

import type { JsonObject } from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { sensorOf } from '@tidewaiter/sensors';
import { loadRules } from '@tidewaiter/sigma';
import { ContainerLedger } from '@tidewaiter/workloads';

import { type DetectionAlert, isLevelAtLeast, type AlertLevel } from './alerts/alert.js';
import { Detector } from './detector.js';

const folder = join(__dirname, '../../../rules');
const file = join(env.TIDEWAITER_SHARED ?? join(__dirname, '../../../../shared'), 'detection/technique-probes.jsonl');

/** A few events of one technique, or of benign activity that resembles it. */
interface Probe {
  id: string;
  technique: string;
  what: string;
  expect: 'alert' | 'no_alert';
  min_severity: AlertLevel;
  events: { id: string; at: string; source: string; event: JsonObject }[];
  facts: unknown;
}

const rules = loadRules(
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yml'))
    .toSorted()
    .map((name) => ({ path: `rules/${name}`, text: readFileSync(join(folder, name), 'utf8') })),
);

function alertsOf({ events, facts }: Probe): DetectionAlert[] {
  const read = factsFromFile(facts);
  const ledger = new ContainerLedger();
  const detector = new Detector({
    ...rules,
    facts: factContext({ ...read, lookup: ledger }),
    ledger,
    allowedLatenessMs: 0,
  });
  const alerts = events.flatMap(({ id, at, source, event }) => {
    const connection = { sensor: 'probe', cluster: read.cluster, receivedAt: at, fingerprintKey: Buffer.alloc(32) };
    const [record] = sensorOf(source)!.read(Buffer.from(JSON.stringify(event)), connection).records;
    return detector.observe({ ...record!, id, at });
  });
  const endMs = Math.max(...events.map(({ at }) => Date.parse(at))) + 3_600_000;
  return [...alerts, ...detector.advance(endMs)];
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
