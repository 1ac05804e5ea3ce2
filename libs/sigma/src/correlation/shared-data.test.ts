import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describeWith, sharedData } from '@tidewaiter/testkit';

import { jsonEvent } from '../json-event.js';
import { loadRules } from '../load-rules.js';
import { Correlator } from './correlator.js';
import type { Firing } from './correlator.js';

const conformance = sharedData('detection/correlation-conformance');

interface Vector {
  id: string;
  note?: string;
  rules: string;
  load_error?: boolean;
  events: { id: string; t: string; event: object }[];
  end?: string;
  allowed_lateness?: string;
  expect: { rule: string; at: string; group: Record<string, string>; trigger: string | null }[];
  expect_alerts?: Record<string, string[]>;
}

function replay({ rules: text, events, end, allowed_lateness = '0s' }: Vector, interpreted: boolean) {
  const { rules, correlations, refused } = loadRules([{ path: 'rules.yml', text }], { interpreted });
  expect(refused).toEqual([]);
  const correlator = new Correlator(correlations, { allowedLatenessMs: Number.parseInt(allowed_lateness, 10) * 1_000 });
  const alerts: Record<string, string[]> = {};
  const firings = events.flatMap(({ id, t, event }) => {
    const seen = jsonEvent(event, [{ product: 'linux', category: 'process_creation' }]);
    const matched = rules.match(seen).map(({ rule }) => rule);
    for (const rule of matched) if (!rules.isPart(rule)) (alerts[rule.name!] ??= []).push(id);
    return correlator.observe({ id, timeMs: Date.parse(t), event: seen, rules: matched });
  });
  if (end) firings.push(...correlator.advance(Date.parse(end)));
  return { firings: firings.map(plain), alerts };
}

function plain({ rule, timeMs, group, trigger }: Firing) {
  return { rule: rule.name, at: new Date(timeMs).toISOString(), group, trigger };
}

describeWith(conformance)('the shared correlation vectors', () => {
  const vectors = readdirSync(conformance.path).flatMap(
    (file) => JSON.parse(readFileSync(join(conformance.path, file), 'utf8')).vectors as Vector[],
  );

  const named = (filter: (vector: Vector) => boolean) =>
    vectors.filter(filter).map((vector) => [`${vector.id} ${vector.note ?? ''}`, vector] as const);

  it.each(named(({ load_error }) => load_error === true))('%s', (_, { rules }) => {
    const { refused } = loadRules([{ path: 'rules.yml', text: rules }]);
    expect(refused.length).toBeGreaterThan(0);
    for (const each of refused)
      expect(each).toEqual({
        file: 'rules.yml',
        line: expect.any(Number),
        reason: expect.any(String),
        title: expect.any(String),
      });
  });

  describe.each([
    ['compiled', false],
    ['interpreted', true],
  ])('with %s rules', (_, interpreted) => {
    it.each(named(({ load_error }) => load_error !== true))('%s', (_, vector) => {
      const { firings, alerts } = replay(vector, interpreted);
      expect(firings).toEqual(vector.expect);
      if (vector.expect_alerts) expect(alerts).toEqual(vector.expect_alerts);
    });
  });
});
