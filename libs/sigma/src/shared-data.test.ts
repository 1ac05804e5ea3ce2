import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describeWith, itWith, sharedData } from '@tidewaiter/testkit';

import { appliesTo } from './event.js';
import type { LogSource } from './event.js';
import { jsonEvent } from './json-event.js';
import { loadRules } from './load-rules.js';

const conformance = sharedData('detection/sigma-conformance');
const sigmaHq = sharedData('detection/sigma');

interface Vector {
  id: string;
  feature: string;
  note?: string;
  rule?: string;
  rule_file?: string;
  rules?: string[];
  filter?: string;
  load_error?: boolean;
  placeholders?: Record<string, string[]>;
  events?: { event: object; match?: boolean; fires?: string[] }[];
  rule_logsource?: LogSource;
  event_logsource?: LogSource;
  applies?: boolean;
}

describeWith(conformance, sigmaHq).each([
  ['compiled', false],
  ['interpreted', true],
])('the shared conformance vectors, %s', (_engine, interpreted) => {
  const vectors = readdirSync(conformance.path).flatMap(
    (file) => JSON.parse(readFileSync(join(conformance.path, file), 'utf8')).vectors as Vector[],
  );
  const named = (filter: (vector: Vector) => boolean) =>
    vectors.filter(filter).map((vector) => [`${vector.id} ${vector.note ?? ''}`.trim(), vector] as const);

  it.each(named((vector) => vector.load_error === true))('%s is refused', (_, { rule = '' }) => {
    const { rules, refused } = loadRules([{ path: 'rule.yml', text: rule }]);
    expect(rules.rules).toEqual([]);
    expect(refused).toEqual([expect.objectContaining({ file: 'rule.yml', line: expect.any(Number) })]);
  });

  it.each(named(({ rule_logsource }) => rule_logsource !== undefined))('%s', (_, vector) => {
    expect(appliesTo(vector.rule_logsource ?? {}, vector.event_logsource ?? {})).toBe(vector.applies);
  });

  it.each(named(({ events, filter }) => events !== undefined && filter === undefined))('%s', (_, vector) => {
    const text = vector.rule ?? readFileSync(join(sigmaHq.path, vector.rule_file ?? ''), 'utf8');
    const { rules, refused } = loadRules([{ path: 'rule.yml', text }], {
      placeholders: vector.placeholders,
      interpreted,
    });
    expect(refused).toEqual([]);
    const source = logsourceOf(text);
    const answers = vector.events?.map(({ event }) => rules.match(jsonEvent(event, [source])).length > 0);
    expect(answers).toEqual(vector.events?.map(({ match }) => match));
  });

  it.each(named(({ filter }) => filter !== undefined))('%s', (_, vector) => {
    const files = [...(vector.rules ?? []), vector.filter ?? ''].map((text, index) => ({ path: `${index}.yml`, text }));
    const { rules, refused } = loadRules(files, { interpreted });
    expect(refused).toEqual([]);
    const source = { product: 'linux', category: 'process_creation' };
    for (const { event, fires } of vector.events ?? [])
      expect(rules.match(jsonEvent(event, [source])).map(({ rule }) => rule.name)).toEqual(fires);
  });
});

/** The vectors assume that the rule's log source applies to the event. */
function logsourceOf(rule: string): LogSource {
  const of = (key: string) => new RegExp(`^    ${key}: *(\\S+)`, 'm').exec(rule)?.[1];
  return { product: of('product'), category: of('category'), service: of('service') };
}

itWith(sigmaHq)('loads every rule of SigmaHQ that is here', () => {
  const files = readdirSync(sigmaHq.path, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yml'))
    .map((path) => ({ path, text: readFileSync(join(sigmaHq.path, path), 'utf8') }));
  const { rules, refused } = loadRules(files);
  expect(refused).toEqual([]);
  expect(rules.rules).toHaveLength(475);
});
