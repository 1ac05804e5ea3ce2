import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env, stdout } from 'node:process';

import {
  type Incident,
  isAtLeast,
  type JsonObject,
  printable,
  type RuntimeRecord,
  type Severity,
} from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { sensorOf } from '@tidewaiter/sensors';
import { loadRules } from '@tidewaiter/sigma';
import { hostileJson, replaceValue } from '@tidewaiter/testkit';
import { ContainerLedger } from '@tidewaiter/workloads';
import * as fc from 'fast-check';

import { type DetectionAlert, isLevelAtLeast, type AlertLevel } from './alerts/alert.js';
import { Detector } from './detector.js';
import { IncidentBuilder } from './incidents/incident-builder.js';

const own = join(__dirname, '../testdata');
const shared = join(env.TIDEWAITER_SHARED ?? join(__dirname, '../../../../shared'), 'detection/storylines');
const rulesFolder = env.TIDEWAITER_RULES_UNDER_TEST ?? join(__dirname, '../../../rules');

/**
 * Expected result of a stream. The streams beside the tests have the same form as the shared ones.
 */
interface Expected {
  kind: 'attack' | 'benign';
  incidents: {
    title_contains: string[];
    min_severity: Severity;
    workload: string;
    image_digest: string;
    steps: { what: string; events: string[] }[];
    detect_by_event: string;
    findings: string[];
    techniques: string[];
  }[];
  max_incidents: number;
  max_alert_severity?: AlertLevel;
  noise_events: string[];
}

interface Line {
  id: string;
  at: string;
  source: string;
  event: JsonObject;
}

interface Storyline {
  name: string;
  records: RuntimeRecord[];
  facts: unknown;
  expected: Expected;
}

const rules = loadRules(
  readdirSync(rulesFolder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yml'))
    .toSorted()
    .map((name) => ({ path: name, text: readFileSync(join(rulesFolder, name), 'utf8') })),
);

function storylinesIn(folder: string): Storyline[] {
  return readdirSync(folder)
    .flatMap((file) => /^(.+)\.expected\.json$/.exec(file)?.[1] ?? [])
    .toSorted()
    .map((name) => {
      const facts: unknown = JSON.parse(readFileSync(join(folder, `${name}.facts.json`), 'utf8'));
      const { cluster } = factsFromFile(facts);
      const lines = readFileSync(join(folder, `${name}.jsonl`), 'utf8')
        .split('\n')
        .filter(Boolean);
      return {
        name,
        records: lines.map((line) => recordOf(JSON.parse(line) as Line, cluster)),
        facts,
        expected: JSON.parse(readFileSync(join(folder, `${name}.expected.json`), 'utf8')) as Expected,
      };
    });
}

function recordOf({ id, at, source, event }: Line, cluster: string | null): RuntimeRecord {
  const connection = { sensor: 'test', cluster, receivedAt: at, fingerprintKey: Buffer.alloc(32) };
  const [record] = sensorOf(source)!.read(Buffer.from(JSON.stringify(event)), connection).records;
  return { ...record!, id, at };
}

function newDetector(facts: unknown, allowedLatenessMs: number): Detector {
  const read = factsFromFile(facts);
  const ledger = new ContainerLedger();
  return new Detector({ ...rules, facts: factContext({ ...read, lookup: ledger }), ledger, allowedLatenessMs });
}

function replay(records: readonly RuntimeRecord[], facts: unknown, allowedLatenessMs = 5000) {
  const detector = newDetector(facts, allowedLatenessMs);
  const builder = new IncidentBuilder();
  const alerts: DetectionAlert[] = [];
  const take = (found: DetectionAlert[]) => {
    alerts.push(...found);
    for (const alert of found) builder.add(alert);
  };
  for (const record of records) take(detector.observe(record));
  const endMs = Math.max(...records.map(({ at }) => Date.parse(at))) + 60_000;
  take(detector.advance(endMs));
  builder.advance(endMs);
  return { alerts, incidents: builder.incidents() };
}

const places = [{ where: 'ours', folder: own }, ...(existsSync(shared) ? [{ where: 'shared', folder: shared }] : [])];
if (!existsSync(shared)) stdout.write('shared storylines are not there: TIDEWAITER_SHARED; they are left out\n');

describe('Detector', () => {
  describe.each(places)('Detector, with $where', ({ folder }) => {
    const storylines = storylinesIn(folder);
    const attacks = storylines.filter(({ expected }) => expected.kind === 'attack');
    const benign = storylines.filter(({ expected }) => expected.kind === 'benign');

    it.each(attacks)('$name is one complete incident', ({ records, facts, expected }) => {
      const { incidents } = replay(records, facts);
      const [wanted] = expected.incidents;
      expect(shortly(incidents)).toHaveLength(1);
      const [incident] = incidents;
      expect(missingFrom(incident!, wanted!, records)).toEqual([]);
      const events = incident!.steps.flatMap((step) => step.events);
      expect(events.filter((event) => expected.noise_events.includes(event))).toEqual([]);
    });

    it.each(benign)('$name opens no incident', ({ records, facts, expected }) => {
      const { incidents, alerts } = replay(records, facts);
      expect(shortly(incidents)).toEqual([]);
      const tooLoud = alerts.filter(({ severity }) => !isLevelAtLeast(expected.max_alert_severity ?? 'low', severity));
      expect(tooLoud.map(({ severity, title, events }) => `${severity}: ${title} (${events.join()})`)).toEqual([]);
    });

    it.each(storylines)(
      '$name has the same result in any order of arrival within the lateness',
      ({ records, facts }) => {
        const latenessMs = 5000;
        const inOrder = replay(records, facts, latenessMs);
        fc.assert(
          fc.property(
            fc.array(fc.nat(latenessMs - 1), { minLength: records.length, maxLength: records.length }),
            (delays) => {
              const arrivals = records.map((record, index) => ({
                record,
                atMs: Date.parse(record.at) + delays[index]!,
              }));
              const shuffled = arrivals.toSorted((a, b) => a.atMs - b.atMs).map(({ record }) => record);
              expect(replay(shuffled, facts, latenessMs).incidents).toEqual(inOrder.incidents);
            },
          ),
          { numRuns: 5 },
        );
      },
    );
  });

  it('accepts any value in any field and outputs only printable text', () => {
    const attacks = storylinesIn(own).filter(({ expected }) => expected.kind === 'attack');
    fc.assert(
      fc.property(
        fc.constantFrom(...attacks),
        fc.nat(),
        fc.nat(60),
        hostileJson,
        ({ records, facts }, which, nth, by) => {
          const hostile = records.map((record, index) =>
            index === which % records.length
              ? { ...record, event: JSON.parse(replaceValue(record.event, nth, by)) as JsonObject }
              : record,
          );
          for (const { title, sentence, factsUsed, evidence } of replay(hostile, facts).incidents) {
            const shown = [title, sentence, ...factsUsed, ...evidence.map(({ text }) => text)];
            expect(shown.filter((text) => printable(text, 10_000) !== text)).toEqual([]);
          }
          expect({}).not.toHaveProperty('polluted');
        },
      ),
      { numRuns: 40 },
    );
  });
});

/** Lists the parts that an incident lacks. */
function missingFrom(
  incident: Incident,
  wanted: Expected['incidents'][number],
  records: readonly RuntimeRecord[],
): string[] {
  const order = new Map(records.map(({ id }, index) => [id, index]));
  const title = incident.title.toLowerCase();
  const events = new Set(incident.steps.flatMap((step) => step.events));
  const missing: (string | false)[] = [
    !wanted.title_contains.some((part) => title.includes(part.toLowerCase())) && `title: ${incident.title}`,
    !isAtLeast(incident.severity, wanted.min_severity) && `severity: ${incident.severity}`,
    incident.workload !== wanted.workload && `workload: ${incident.workload}`,
    incident.imageDigest !== wanted.image_digest && `image: ${incident.imageDigest}`,
    order.get(incident.openedBy)! > order.get(wanted.detect_by_event)! &&
      `opened by ${incident.openedBy}, not ${wanted.detect_by_event}`,
    ...wanted.findings.map((finding) => !incident.findings.includes(finding) && `finding: ${finding}`),
    ...wanted.techniques.map((technique) => !incident.techniques.includes(technique) && `technique: ${technique}`),
    ...wanted.steps.flatMap((step) =>
      step.events.filter((event) => !events.has(event)).map((event) => `event ${event}: ${step.what}`),
    ),
  ];
  const firsts = wanted.steps.map((step) =>
    incident.steps.findIndex((ours) => ours.events.some((event) => step.events.includes(event))),
  );
  if (firsts.some((first, index) => index > 0 && first < firsts[index - 1]!))
    missing.push(`order of steps: ${firsts.join()}`);
  return missing.filter((item) => item !== false);
}

function shortly(incidents: readonly Incident[]): string[] {
  return incidents.map(({ severity, title, openedBy }) => `${severity} ${title} (${openedBy})`);
}
