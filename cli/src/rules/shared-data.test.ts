import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { readRuleFiles } from '@tidewaiter/rule-files';
import { logsourcesOf, observe, scalarsOf, sigmaField } from '@tidewaiter/sensors';
import { type LoadedRules, loadRules } from '@tidewaiter/sigma';
import { describeWith, sharedData } from '@tidewaiter/testkit';

import { recordedEvents } from '../replay/recorded-events.js';

const hitsFile = sharedData('detection/sigmahq-hits.json');
const shared = sharedData('detection').path;

interface Hits {
  storylines: Record<string, [event: string, rule: string][]>;
}

describeWith(hitsFile).each([
  ['compiled', false],
  ['interpreted', true],
])('SigmaHQ on the shared storylines, %s', (_, interpreted) => {
  const folder = join(shared, 'sigma');
  let loaded: LoadedRules;
  const { storylines }: Hits = JSON.parse(readFileSync(hitsFile.path, 'utf8'));
  const names = readdirSync(join(shared, 'storylines'))
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => name.slice(0, -'.jsonl'.length));

  beforeAll(async () => {
    loaded = loadRules(await readRuleFiles([folder]), { interpreted });
  });

  it('loads every rule', () => {
    expect([loaded.refused, loaded.rules.rules.length]).toEqual([[], 475]);
  });

  it.each(names)('%s has the hits that it should, and no others', async (name) => {
    const hits: string[] = [];
    const context = { cluster: null, fingerprintKey: Buffer.alloc(32) };
    for await (const record of recordedEvents(join(shared, 'storylines', `${name}.jsonl`), context)) {
      const observation = observe(record);
      const matches = loaded.rules.match({
        logsources: logsourcesOf(observation),
        field: (field) => sigmaField(observation, field),
        scalars: () => scalarsOf(observation),
      });
      for (const { rule, explain } of matches) {
        hits.push(`${record.id} ${relative(folder, rule.file)}`);
        expect(explain()).not.toEqual([]);
      }
    }
    const expected = (storylines[name] ?? []).map((hit) => hit.join(' '));
    expect(new Set(hits)).toEqual(new Set(expected));
    expect(hits).toHaveLength(expected.length);
  });
});
