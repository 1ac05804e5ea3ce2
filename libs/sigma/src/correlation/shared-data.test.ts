import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';

import { jsonEvent } from '../json-event.js';
import { Correlator } from './correlator.js';
import type { Firing } from './correlator.js';
import { loadForTest } from './load-for-test.js';

const folder = join(
  env.TIDEWAITER_SHARED ?? join(__dirname, '../../../../../shared'),
  'detection/correlation-conformance',
);
const isThere = existsSync(folder);

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

const vectors: Vector[] = isThere
  ? readdirSync(folder).flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')).vectors as Vector[])
  : [];

function replay({ rules: text, events, end, allowed_lateness = '0s' }: Vector) {
  const { rules, correlations, refused } = loadForTest(text);
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

(isThere ? describe : describe.skip)('the shared correlation vectors (TIDEWAITER_SHARED)', () => {
  const named = (filter: (vector: Vector) => boolean) =>
    vectors.filter(filter).map((vector) => [`${vector.id} ${vector.note ?? ''}`, vector] as const);

  it.each(named(({ load_error }) => load_error === true))('%s', (_, { rules }) => {
    const { refused } = loadForTest(rules);
    expect(refused.length).toBeGreaterThan(0);
    for (const { line, reason } of refused)
      expect({ line, reason }).toEqual({ line: expect.any(Number), reason: expect.any(String) });
  });

  it.each(named(({ load_error }) => load_error !== true))('%s', (_, vector) => {
    const { firings, alerts } = replay(vector);
    expect(firings).toEqual(vector.expect);
    if (vector.expect_alerts) expect(alerts).toEqual(vector.expect_alerts);
  });
});
