import { type CorrelatedEvent, type CorrelationRule, loadRules, type RuleInfo } from '@tidewaiter/sigma';

import type { EventContext } from '../events/event-context.js';
import { Correlations } from './correlations.js';

const startMs = Date.parse('2026-03-03T01:12:00Z');
const minuteMs = 60_000;

const { rules, correlations } = loadRules([
  {
    path: 'test.yml',
    text: `
title: Exec
name: exec
logsource: { product: tidewaiter, category: exec }
detection: { any: { Process.Executable|exists: true }, condition: any }
---
title: Twice
name: twice
correlation: { type: event_count, rules: [exec], group-by: [Container.Id], timespan: 10m, condition: { gte: 2 } }
---
title: Twice and more
correlation: { type: event_count, rules: [twice], group-by: [Container.Id], timespan: 1h, condition: { gte: 2 } }
---
title: Listen
logsource: { product: tidewaiter, category: listen }
detection: { any: { Process.Executable|exists: true }, condition: any }
`,
  },
]);

const ruleOf = (title: string): RuleInfo => rules.rules.find((rule) => rule.title === title)!;
const [inner, outer] = correlations as [CorrelationRule, CorrelationRule];

/** Returns the events of each firing with the times by which their scenes are known. */
function observe(correlated: Correlations, id: string, timeMs: number, title = 'Exec'): Record<string, number>[] {
  const event = { field: (name: string) => (name === 'Container.Id' ? 'c1' : undefined) };
  const scene = { event: id, timeMs, keys: [], image: [], artifacts: [], explanation: [], context: {} };
  return correlated
    .observe({ id, timeMs, event, rules: [ruleOf(title)] } as unknown as CorrelatedEvent, {
      scene: () => scene as unknown as EventContext,
      isFact: false,
    })
    .map(({ events, eventTimesMs }) => Object.fromEntries(events.map((each, index) => [each, eventTimesMs[index]!])));
}

function heldBy(correlated: Correlations): string[] {
  const { older, newer } = correlated.snapshot().scenes;
  return [...older, ...newer].map(([id]) => id);
}

describe('Correlations', () => {
  it('holds no event of rules that are part of no correlation', () => {
    const correlated = new Correlations(correlations);
    observe(correlated, 'a', startMs, 'Listen');
    expect(heldBy(correlated)).toEqual([]);
  });

  it('drops an event to which no correlation can refer any more', () => {
    const correlated = new Correlations([inner]);
    observe(correlated, 'a', startMs);
    correlated.advance(startMs + 10 * minuteMs);
    expect(heldBy(correlated)).toEqual(['a']);
    correlated.advance(startMs + 12 * minuteMs);
    expect(heldBy(correlated)).toEqual([]);
  });

  it('holds an event as long as a correlation over correlations may report it', () => {
    const correlated = new Correlations([inner, outer]);
    observe(correlated, 'a', startMs);
    observe(correlated, 'b', startMs + 10 * minuteMs);
    observe(correlated, 'c', startMs + 69 * minuteMs);
    expect(heldBy(correlated)).toEqual(['a', 'b', 'c']);
    const firings = observe(correlated, 'd', startMs + 70 * minuteMs);
    const [a, b, c, d] = [0, 10, 69, 70].map((minute) => startMs + minute * minuteMs);
    expect(firings).toContainEqual({ a, b, c, d });
    correlated.advance(startMs + 3 * 60 * minuteMs);
    expect(heldBy(correlated)).toEqual([]);
  });

  it('drops the events of older snapshots, too, in time', () => {
    const correlated = new Correlations([inner]);
    observe(correlated, 'a', startMs);
    const { scenes, state } = correlated.snapshot();
    const older = scenes.newer.map(([id, { untilMs: _, ...context }]): (typeof scenes.newer)[number] => [id, context]);
    const other = new Correlations([inner]);
    other.restore({ scenes: { older: [], newer: older }, state });
    other.advance(startMs + 5 * minuteMs);
    expect(heldBy(other)).toEqual(['a']);
    other.advance(startMs + 17 * minuteMs);
    expect(heldBy(other)).toEqual([]);
  });
});
