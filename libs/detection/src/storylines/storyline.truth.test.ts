import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';

import { type Incident, type JsonValue, printable } from '@tidewaiter/domain';
import { loadRules } from '@tidewaiter/sigma';
import { describeWith, hostileJson, replaceValue, sharedData } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { isLevelAtLeast } from '../alerts/alert.js';
import { isObject } from '../examples/example.js';
import { missingFrom, readStoryline, replayRecords, type Storyline } from './storyline.js';

const own = join(__dirname, '../../testdata');
const shared = sharedData('detection/storylines');
const rulesFolder = env.TIDEWAITER_RULES_UNDER_TEST ?? join(__dirname, '../../../../rules');

const rules = loadRules(
  readdirSync(rulesFolder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yml'))
    .toSorted()
    .map((name) => ({ path: name, text: readFileSync(join(rulesFolder, name), 'utf8') })),
);

function storylinesIn(folder: string): Storyline[] {
  const text = (file: string) => readFileSync(join(folder, file), 'utf8');
  return readdirSync(folder)
    .flatMap((file) => /^(.+)\.expected\.json$/.exec(file)?.[1] ?? [])
    .toSorted()
    .map((name) =>
      readStoryline(name, {
        lines: text(`${name}.jsonl`),
        facts: text(`${name}.facts.json`),
        expected: text(`${name}.expected.json`),
      }),
    );
}

const places = [
  { where: 'ours', folder: own, suite: describe },
  { where: 'shared', folder: shared.path, suite: describeWith(shared) },
];

describe('Detector', () => {
  for (const { where, folder, suite } of places)
    suite(`Detector, with ${where}`, () => {
      const storylines = storylinesIn(folder);
      const attacks = storylines.filter(({ expected }) => expected.kind === 'attack');
      const benign = storylines.filter(({ expected }) => expected.kind === 'benign');

      it.each(attacks)('$name is one complete incident', ({ records, facts, expected }) => {
        const { incidents } = replayRecords(rules, { records, facts });
        const [wanted] = expected.incidents;
        expect(shortly(incidents)).toHaveLength(1);
        const [incident] = incidents;
        expect(missingFrom(incident!, wanted!, records)).toEqual([]);
        const events = incident!.steps.flatMap((step) => step.events);
        expect(events.filter((event) => expected.noise_events?.includes(event))).toEqual([]);
      });

      it.each(benign)('$name opens no incident', ({ records, facts, expected }) => {
        const { incidents, alerts } = replayRecords(rules, { records, facts });
        expect(shortly(incidents)).toEqual([]);
        const tooLoud = alerts.filter(
          ({ severity }) => !isLevelAtLeast(expected.max_alert_severity ?? 'low', severity),
        );
        expect(tooLoud.map(({ severity, title, events }) => `${severity}: ${title} (${events.join()})`)).toEqual([]);
      });

      it.each(storylines)(
        '$name has the same result in any order of arrival within the lateness',
        ({ records, facts }) => {
          const latenessMs = 5000;
          const inOrder = replayRecords(rules, { records, facts }, { allowedLatenessMs: latenessMs });
          fc.assert(
            fc.property(
              fc.array(fc.nat(latenessMs - 1), { minLength: records.length, maxLength: records.length }),
              (delays) => {
                const arrivals = records.map((record, index) => ({
                  record,
                  atMs: Date.parse(record.at) + delays[index]!,
                }));
                const shuffled = arrivals.toSorted((a, b) => a.atMs - b.atMs).map(({ record }) => record);
                expect(
                  replayRecords(rules, { records: shuffled, facts }, { allowedLatenessMs: latenessMs }).incidents,
                ).toEqual(inOrder.incidents);
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
          const hostile = records.map((record, index) => {
            if (index !== which % records.length) return record;
            // The whole event may be what is replaced. No sensor's body is read to such a record.
            const event = JSON.parse(replaceValue(record.event, nth, by)) as JsonValue;
            return isObject(event) ? { ...record, event } : record;
          });
          for (const { title, sentence, factsUsed, evidence } of replayRecords(rules, { records: hostile, facts })
            .incidents) {
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

function shortly(incidents: readonly Incident[]): string[] {
  return incidents.map(({ severity, title, openedBy }) => `${severity} ${title} (${openedBy})`);
}
