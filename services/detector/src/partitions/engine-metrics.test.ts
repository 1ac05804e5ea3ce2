import { Registry } from 'prom-client';

import { EngineMetrics, type WatchedEngine } from './engine-metrics.js';

const figures = {
  groups: 3,
  entries: 9,
  waiting: 0,
  lateEvents: 0,
  hurriedEvents: 0,
  droppedGroups: 5,
  droppedEntries: 0,
};
const counts = { observed: 100, duplicates: 7, late: 2, repeatedWrites: 0 };

/** Lines of a metric that are not zero. */
async function nonZero(registry: Registry, name: string): Promise<string[]> {
  const lines = (await registry.getSingleMetricAsString(`tidewaiter_detector_${name}`)).split('\n');
  return lines.flatMap((line) => /\{\w+="(.+)"\} ([1-9]\d*)$/.exec(line)?.slice(1).join(' ') ?? []);
}

describe('EngineMetrics', () => {
  it('counts engines only while this replica runs them', async () => {
    const registry = new Registry();
    const metrics = new EngineMetrics(registry);
    const engine: WatchedEngine = { counts: { ...counts }, correlation: figures };
    metrics.watch('partition/1', engine);
    expect(await nonZero(registry, 'irregular_events_total')).toEqual([]);
    engine.counts = { ...counts, late: 6, duplicates: 8 };
    expect(await nonZero(registry, 'irregular_events_total')).toEqual(['late 4', 'duplicate 1']);
    engine.counts = { ...counts, late: 7, duplicates: 8 };
    metrics.forget('partition/1');
    expect(await nonZero(registry, 'irregular_events_total')).toEqual(['late 5', 'duplicate 1']);
    expect(await nonZero(registry, 'correlation_groups')).toEqual([]);
  });

  it("keeps its totals when new rules reset an engine's counters", async () => {
    const registry = new Registry();
    const metrics = new EngineMetrics(registry);
    const engine: WatchedEngine = { correlation: figures };
    metrics.watch('incidents', engine);
    expect(await nonZero(registry, 'correlation_groups')).toEqual(['incidents 3']);
    engine.correlation = { ...figures, droppedGroups: 1 };
    expect(await nonZero(registry, 'correlation_losses_total')).toEqual(['group 1']);
  });
});
