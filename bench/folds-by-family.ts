/** Calibration of the evidence of rules, and its cross-validation by family: see README.md. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import {
  type Calibration,
  type DetectionAlert,
  evidenceBy,
  IncidentBuilder,
  isLevelAtLeast,
  type ReplayResult,
  type Storyline,
} from '@tidewaiter/detection';

/** A story or a day with its alerts, which do not depend on the calibration. */
export interface Recording extends Storyline {
  alerts: DetectionAlert[];
}

const hourMs = 3_600_000;

/** Counts in how many attacks and in how many ordinary hours each rule raises a counting alert. */
export function calibrationOf(recordings: readonly Recording[]): Calibration {
  const attacks = recordings.filter(({ expected }) => expected.kind === 'attack');
  const ordinary = recordings.filter(({ expected }) => expected.kind === 'benign');
  const rules: Record<string, [number, number]> = {};
  const count = (index: 0 | 1, ids: Iterable<string>) => {
    for (const id of ids) (rules[id] ??= [0, 0])[index] += 1;
  };
  for (const { alerts } of attacks) count(0, new Set(alerts.filter(counts).map(({ rule }) => rule.id)));
  for (const { alerts } of ordinary) {
    const byHour = Map.groupBy(alerts.filter(counts), ({ timeMs }) => Math.floor(timeMs / hourMs));
    for (const inHour of byHour.values()) count(1, new Set(inHour.map(({ rule }) => rule.id)));
  }
  const ordinaryHours = ordinary.reduce((sum, recording) => sum + hoursOf(recording), 0);
  const sorted = Object.entries(rules).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { attacks: attacks.length, ordinaryHours, rules: Object.fromEntries(sorted) };
}

const counts = ({ weight, lowered, severity }: DetectionAlert): boolean =>
  weight !== 'context' && lowered === null && isLevelAtLeast(severity, 'medium');

function hoursOf({ records }: Recording): number {
  const times = records.map(({ at }) => Date.parse(at));
  return Math.max(1, Math.round((Math.max(...times) - Math.min(...times)) / hourMs));
}

/** Evaluates each family with what the others teach: a figure about unknown families. */
export function evaluateFolds(recordings: readonly Recording[]): void {
  console.log('\nfamily (left out)                kind    events  incidents  worst     opened after  verdict');
  const seconds: number[] = [];
  let [found, missed, quiet, loud, lawfulIncidents, lawfulEvents] = [0, 0, 0, 0, 0, 0];
  for (const recording of recordings) {
    const others = recordings.filter((other) => other !== recording);
    const { incidents } = incidentsOf(recording, calibrationOf(others));
    const { expected, records, name } = recording;
    const worst = ['critical', 'high', 'medium', 'low'].find((level) =>
      incidents.some((one) => one.severity === level),
    );
    const severe = incidents.filter(({ severity }) => severity === 'high' || severity === 'critical');
    const delay = openedAfter(recording, incidents);
    let isRight: boolean;
    if (expected.kind === 'attack') {
      isRight = severe.length > 0;
      if (delay !== null) seconds.push(delay);
      found += Number(isRight);
      missed += Number(!isRight);
    } else {
      isRight = incidents.length <= (expected.is_day === true ? 1 : 0) && severe.length === 0;
      quiet += Number(isRight);
      loud += severe.length;
      lawfulIncidents += incidents.length;
      lawfulEvents += records.length;
    }
    console.log(
      `${name.padEnd(32)} ${expected.kind.padEnd(6)} ${String(records.length).padStart(7)} ${String(incidents.length).padStart(10)}  ${(worst ?? '-').padEnd(8)} ${(delay === null ? '-' : `${delay.toFixed(0)} s`).padStart(13)}  ${isRight ? 'right' : 'WRONG'}`,
    );
  }
  const median = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? Number.NaN;
  console.log(
    `recall ${ratio(found, found + missed)}, precision ${ratio(found, found + loud)}, lawful recordings quiet ${ratio(quiet, recordings.length - found - missed)}, ` +
      `incidents per 10,000 lawful events ${((lawfulIncidents * 10_000) / lawfulEvents).toFixed(2)}, median time to open ${median.toFixed(0)} s`,
  );
}

function incidentsOf({ alerts }: Recording, calibration: Calibration): Pick<ReplayResult, 'incidents'> {
  const builder = new IncidentBuilder(evidenceBy(calibration));
  for (const alert of alerts) builder.add(alert);
  builder.advance(Math.max(0, ...alerts.map(({ timeMs }) => timeMs)) + 60_000);
  return { incidents: builder.incidents() };
}

/** Seconds from the first event of the attack to the event that opened its incident. */
function openedAfter({ expected, records }: Recording, incidents: ReplayResult['incidents']): number | null {
  const [first] = expected.incidents.flatMap(({ steps }) => steps.flatMap(({ events }) => events));
  const timeOf = (event: string | undefined) => Date.parse(records.find(({ id }) => id === event)?.at ?? '');
  const opened = Math.min(...incidents.map(({ openedBy }) => timeOf(openedBy)));
  const delay = (opened - timeOf(first)) / 1_000;
  return Number.isFinite(delay) ? Math.max(0, delay) : null;
}

const ratio = (part: number, all: number): string => `${part}/${all} (${((100 * part) / all).toFixed(0)} %)`;

/** Writes the calibration that the product ships. */
export function writeCalibration(recordings: readonly Recording[]): void {
  const { attacks, ordinaryHours, rules } = calibrationOf(recordings);
  const rows = Object.entries(rules).map(
    ([id, [a, o]]) => `    '${id.replaceAll("'", String.raw`\'`)}': [${a}, ${o}],`,
  );
  const path = fileURLToPath(new URL('../libs/detection/src/incidents/calibration.ts', import.meta.url));
  writeFileSync(path, calibrationText(attacks, ordinaryHours, rows));
  console.log(`${rows.length} rules of ${attacks} attacks and ${ordinaryHours} ordinary hours: ${path}`);
}

const calibrationText = (attacks: number, ordinaryHours: number, rows: readonly string[]) =>
  `import type { Calibration } from './evidence.js';

/** Written by the benchmark of judgment: see bench/README.md. */
export const calibration: Calibration = {
  attacks: ${attacks},
  ordinaryHours: ${ordinaryHours},
  rules: {
${rows.join('\n')}
  },
};
`;
