import { judgeSoak, type Sample, type SoakRun, theilSen } from './growth.js';

const minute = 60_000;
const burst = { fromMs: 30 * minute, settledMs: 35 * minute };

/** An hour of samples, each minute one. */
function hour(memoryAt: (minutes: number) => number, more: (minutes: number) => Partial<Sample> = () => ({})): SoakRun {
  const samples = Array.from({ length: 61 }, (_, minutes): Sample => ({
    atMs: minutes * minute,
    processes: { 'scanner-1': { residentMiB: memoryAt(minutes), heapMiB: null, openFiles: 40 } },
    stores: {},
    outbox: { unconfirmed: 0, oldestSeconds: 0 },
    oldestPushSeconds: 0,
    ...more(minutes),
  }));
  return { samples, warmUpMs: 10 * minute, burst, rules: {}, crashes: [] };
}

const flat = () => 200;
const rows = (countAt: (minutes: number) => number) => (minutes: number) => ({
  stores: { 'table push': { count: countAt(minutes), bytes: null } },
});

describe('judgeSoak', () => {
  it('accepts memory that is flat after the warm-up', () => {
    expect(judgeSoak(hour((minutes) => 200 + Math.min(minutes, 9) * 10)).violations).toEqual([]);
  });

  it('reports memory that grows by more than half a mebibyte a minute', () => {
    const leak = judgeSoak(hour((minutes) => 200 + minutes * 0.6 + (minutes % 5) * 4));
    expect(leak.violations).toEqual(['scanner-1 grows by 0.60 MiB a minute (limit 0.5)']);
    expect(judgeSoak(hour((minutes) => 200 + minutes * 0.4 + (minutes % 5) * 4)).violations).toEqual([]);
  });

  it.each([3, 5, 8])('takes collections of the heap every %d minutes for no growth', (period) => {
    expect(judgeSoak(hour((minutes) => 200 + ((minutes % period) / period) * 40)).violations).toEqual([]);
  });

  it('takes the step that a burst leaves for no slope, and reports it when it is high', () => {
    const step = (height: number) => judgeSoak(hour((minutes) => (minutes < 30 ? 200 : 200 + height)));
    expect(step(100)).toMatchObject({ violations: [], burst: { beforeMiB: 200, peakMiB: 300, afterMiB: 300 } });
    expect(step(571).violations).toEqual(['the burst keeps 571 MiB (limit 150)']);
  });

  it('reports a store that grows without a rule, or although its rule calls it permanent', () => {
    const growing = hour(
      flat,
      rows((minutes) => minutes),
    );
    const with_ = (isPermanent: boolean) =>
      judgeSoak({ ...growing, rules: { 'table push': { text: 'rule', isPermanent } } }).violations;
    const violation = 'table push grows from 10 to 60 without a rule that ends it';
    expect(judgeSoak(growing).violations).toEqual([violation]);
    expect(with_(true)).toEqual([violation]);
    expect(with_(false)).toEqual([]);
    expect(
      judgeSoak(
        hour(
          flat,
          rows(() => 60),
        ),
      ).violations,
    ).toEqual([]);
  });

  it('reports events and pushes that wait for more than five minutes, and crashes', () => {
    const waits = (seconds: number) => (minutes: number) =>
      minutes === 20 ? { outbox: { unconfirmed: 1, oldestSeconds: seconds }, oldestPushSeconds: seconds } : {};
    expect(judgeSoak(hour(flat, waits(299))).violations).toEqual([]);
    expect(judgeSoak(hour(flat, waits(400))).violations).toHaveLength(2);
    expect(judgeSoak({ ...hour(flat), crashes: ['notifier-1'] }).violations).toHaveLength(1);
  });
});

describe('theilSen', () => {
  it('is not moved by outliers', () => {
    const points = Array.from({ length: 50 }, (_, atMs) => ({ atMs, value: atMs % 10 === 3 ? 1_000 : 2 * atMs }));
    expect(theilSen([points])).toBeCloseTo(2, 1);
  });

  it('is zero without two points of a group', () => {
    expect(theilSen([[{ atMs: 0, value: 1 }], [{ atMs: 1, value: 9 }], []])).toBe(0);
  });
});
