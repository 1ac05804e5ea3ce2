import { crc32 } from 'node:zlib';

import { jsonEvent } from '../json-event.js';
import { loadRules } from '../load-rules.js';
import { Correlator } from './correlator.js';
import type { CorrelatorOptions, Firing } from './correlator.js';

const begin = Date.UTC(2026, 2, 1, 12);

const ordinary = ['a', 'b', 'c']
  .map(
    (name) =>
      `title: ${name}\nname: ${name}\nlogsource: { product: linux }\ndetection: { s: { kind|contains: ${name} }, condition: s }\n`,
  )
  .join('---\n');

/** Feeds events by their second, with ids e1, e2, …; those of kind `ab` match two rules. */
class Bench {
  readonly #rules;
  readonly correlator: Correlator;
  #count = 0;

  constructor(sections: Readonly<Record<string, string>>, options: CorrelatorOptions = {}) {
    const documents = Object.entries(sections).map(
      ([name, section]) => `title: ${name}\nname: ${name}\ncorrelation: ${section}\n`,
    );
    const { rules, correlations, refused } = loadRules([
      { path: 'rules.yml', text: [ordinary, ...documents].join('---\n') },
    ]);
    expect(refused).toEqual([]);
    this.#rules = rules;
    this.correlator = new Correlator(correlations, options);
  }

  see(second: number, event: object): Firing[] {
    const seen = jsonEvent(event, [{ product: 'linux' }]);
    const rules = this.#rules.match(seen).map(({ rule }) => rule);
    this.#count += 1;
    return this.correlator.observe({ id: `e${this.#count}`, timeMs: begin + second * 1_000, event: seen, rules });
  }

  until(second: number): Firing[] {
    return this.correlator.advance(begin + second * 1_000);
  }
}

describe('what a firing says', () => {
  it('names the events that were counted, the trigger last, and the group', () => {
    const bench = new Bench({
      x: '{ type: event_count, rules: [a], group-by: [Host, Pod], timespan: 1m, condition: { gte: 3 } }',
    });
    for (const second of [0, 50, 100]) expect(bench.see(second, { kind: 'a', Host: 'h', Pod: 7 })).toEqual([]);
    expect(bench.see(101, { kind: 'a', Host: 'h', Pod: 7 })).toMatchObject([
      {
        rule: { name: 'x' },
        timeMs: begin + 101_000,
        group: { Host: 'h', Pod: '7' },
        trigger: 'e4',
        events: ['e2', 'e3', 'e4'],
      },
    ]);
  });

  it('names a hundred events at most, the latest', () => {
    const bench = new Bench({ x: '{ type: event_count, rules: [a], timespan: 1m, condition: { gte: 250 } }' });
    const firings = Array.from({ length: 250 }, () => bench.see(0, { kind: 'a' })).flat();
    expect(firings.map(({ events }) => [events.length, events[0], events.at(-1)])).toEqual([[100, 'e151', 'e250']]);
  });

  it('names one event for each value that was counted, the latest', () => {
    const bench = new Bench({
      x: '{ type: value_count, rules: [a], timespan: 1m, condition: { field: Port, gte: 3 } }',
    });
    const firings = [1, 2, 1, 2, 3].flatMap((Port, second) => bench.see(second, { kind: 'a', Port }));
    expect(firings).toMatchObject([{ trigger: 'e5', events: ['e3', 'e4', 'e5'] }]);
  });

  it('names the steps of the chain that came true', () => {
    const bench = new Bench({ x: '{ type: temporal_ordered, rules: [a, b, c], timespan: 1m }' });
    const firings = ['b', 'a', 'c', 'b', 'a', 'c'].flatMap((kind, second) => bench.see(second, { kind }));
    expect(firings).toMatchObject([{ trigger: 'e6', events: ['e2', 'e4', 'e6'] }]);
  });

  it('names the events behind inner firings, and the trigger of the inner one', () => {
    const bench = new Bench({
      inner: '{ type: event_count, rules: [a], group-by: [Host], timespan: 1m, condition: { gte: 2 } }',
      outer: '{ type: temporal, rules: [inner, b], group-by: [Host], timespan: 1m }',
    });
    const firings = ['b', 'a', 'a'].flatMap((kind, second) => bench.see(second, { kind, Host: 'h' }));
    expect(firings).toMatchObject([{ rule: { name: 'outer' }, trigger: 'e3', events: ['e1', 'e2', 'e3'] }]);
  });

  it('has no trigger where the close of an inner window decided', () => {
    const bench = new Bench({
      inner: '{ type: temporal, timespan: 10s, group-by: [Host], condition: a and not c }',
      outer: '{ type: temporal_ordered, rules: [inner, b], timespan: 1m, group-by: [Host] }',
      together: '{ type: temporal, rules: [b, inner], timespan: 1m, group-by: [Host] }',
    });
    expect(bench.see(0, { kind: 'a', Host: 'h' })).toEqual([]);
    expect(bench.see(5, { kind: 'b', Host: 'h' })).toEqual([]);
    expect(bench.see(10, { kind: 'x' })).toEqual([]);
    expect(bench.until(11)).toMatchObject([
      { rule: { name: 'together' }, timeMs: begin + 10_000, trigger: null, events: ['e2', 'e1'] },
    ]);
    expect(bench.see(12, { kind: 'b', Host: 'h' })).toMatchObject([{ rule: { name: 'outer' }, trigger: 'e4' }]);
  });
});

describe('windows', () => {
  it('stay open at the very time of their end', () => {
    const bench = new Bench({ x: '{ type: event_count, rules: [a], timespan: 10s, condition: { lte: 2 } }' });
    bench.see(0, { kind: 'a' });
    expect(bench.until(10)).toEqual([]);
    bench.see(10, { kind: 'a' });
    expect(bench.until(11)).toMatchObject([{ timeMs: begin + 10_000, trigger: null, events: ['e1', 'e2'] }]);
  });

  it('close when the clock jumps to the end of time', () => {
    const bench = new Bench({ x: '{ type: value_avg, rules: [a], timespan: 10s, condition: { field: n, gt: 1 } }' });
    bench.see(0, { kind: 'a', n: 2 });
    expect(bench.correlator.advance(Infinity)).toHaveLength(1);
    expect(bench.correlator.figures.groups).toBe(0);
  });

  it('begin with the first event, even one without a number, and do not fire without any', () => {
    const bench = new Bench({ x: '{ type: value_sum, rules: [a], timespan: 10s, condition: { field: n, lt: 5 } }' });
    bench.see(0, { kind: 'a', n: 'none' });
    bench.see(4, { kind: 'a', n: '3' });
    expect(bench.until(20)).toMatchObject([{ timeMs: begin + 10_000, events: ['e2'] }]);
    bench.see(30, { kind: 'a' });
    expect(bench.until(60)).toEqual([]);
  });
});

describe('values and groups', () => {
  it('wants two events for a step that stands in a chain twice', () => {
    const bench = new Bench({ x: '{ type: temporal_ordered, rules: [a, a, b], timespan: 1m }' });
    expect(['a', 'b', 'a', 'b'].map((kind, second) => bench.see(second, { kind }).length)).toEqual([0, 0, 0, 1]);
  });

  it('counts an event once that matches two of the rules', () => {
    const bench = new Bench({ x: '{ type: event_count, rules: [a, b], timespan: 1m, condition: { gte: 2 } }' });
    expect(bench.see(0, { kind: 'ab' })).toEqual([]);
    expect(bench.see(1, { kind: 'a' })).toHaveLength(1);
  });

  it('finds many values as it finds few', () => {
    const bench = new Bench({ x: '{ type: value_count, rules: [a], timespan: 1h, condition: { field: v, gte: 40 } }' });
    const firings = Array.from({ length: 100 }, (_, n) => bench.see(n, { kind: 'a', v: `value ${n % 50}` })).flat();
    expect(firings.map(({ trigger }) => trigger)).toEqual(['e40']);
    expect(bench.correlator.figures.entries).toBe(40);
  });

  it('does not take a value for a pair that looks like it', () => {
    const bench = new Bench({
      x: '{ type: event_count, rules: [a], group-by: [p, q], timespan: 1m, condition: { gte: 2 } }',
    });
    expect(bench.see(0, { kind: 'a', p: '1","2', q: '3' })).toEqual([]);
    expect(bench.see(1, { kind: 'a', p: '1', q: '2","3' })).toEqual([]);
  });

  it('takes fields named like what every object has, and lists of one, as what they are', () => {
    const bench = new Bench({
      x: '{ type: event_count, rules: [a], group-by: [constructor, __proto__], timespan: 1m, condition: { gte: 2 } }',
    });
    expect(bench.see(0, { kind: 'a' })).toEqual([]);
    const event = JSON.parse('{ "kind": "a", "constructor": ["x"], "__proto__": "y" }') as object;
    bench.see(1, event);
    const [firing] = bench.see(2, event);
    expect(JSON.stringify(firing?.group)).toBe('{"constructor":"x","__proto__":"y"}');
  });

  it('keeps long values by their beginning and digest, and apart', () => {
    const bench = new Bench({
      x: '{ type: event_count, rules: [a], group-by: [v], timespan: 1m, condition: { gte: 2 } }',
    });
    const long = 'x'.repeat(100_000);
    expect(bench.see(0, { kind: 'a', v: `${long}1` })).toEqual([]);
    expect(bench.see(1, { kind: 'a', v: `${long}2` })).toEqual([]);
    const [firing] = bench.see(2, { kind: 'a', v: `${long}2` });
    expect(firing?.group['v']).toMatch(/^x{128}…sha256:[0-9a-f]{64}$/);
  });
});

describe('late and early events', () => {
  it('leaves out what comes later than allowed, and counts it', () => {
    const bench = new Bench(
      { x: '{ type: temporal_ordered, rules: [a, b], timespan: 1m }' },
      { allowedLatenessMs: 5_000 },
    );
    bench.see(10, { kind: 'b' });
    bench.see(4, { kind: 'a' });
    expect(bench.correlator.figures).toMatchObject({ lateEvents: 1, waiting: 1 });
    bench.see(5, { kind: 'a' });
    expect(bench.until(16)).toMatchObject([{ timeMs: begin + 10_000, trigger: 'e1', events: ['e3', 'e1'] }]);
  });

  it('never takes in a time that is none', () => {
    const bench = new Bench({ x: '{ type: event_count, rules: [a], timespan: 1m, condition: { gte: 1 } }' });
    expect(bench.see(Number.NaN, { kind: 'a' })).toEqual([]);
    expect(bench.see(0, { kind: 'a' })).toHaveLength(1);
  });

  it('does not let more wait than there is room for', () => {
    const bench = new Bench(
      { x: '{ type: event_count, rules: [a], timespan: 1m, condition: { gte: 30 } }' },
      { allowedLatenessMs: 60_000, maxWaiting: 10 },
    );
    for (let second = 0; second < 30; second += 1) bench.see(second, { kind: 'a' });
    expect(bench.correlator.figures).toMatchObject({ waiting: 10, hurriedEvents: 20 });
    expect(bench.until(100)).toHaveLength(1);
  });
});

describe('limits', () => {
  const perHost = '{ type: event_count, rules: [a], group-by: [Host], timespan: 1h, condition: { gte: 3 } }';

  it('lets the group go that was quiet longest, and counts it', () => {
    const bench = new Bench({ x: perHost }, { maxGroups: 10 });
    const firings = Array.from({ length: 1_000 }, (_, n) =>
      bench.see(n, { kind: 'a', Host: n % 5 === 0 ? 'busy' : n }),
    ).flat();
    expect(firings).toMatchObject([{ group: { Host: 'busy' }, trigger: 'e11' }]);
    expect(bench.correlator.figures).toMatchObject({ groups: 10, droppedGroups: 791 });
  });

  it('remembers of all groups together no more than it may', () => {
    const bench = new Bench(
      {
        x: perHost,
        y: '{ type: value_count, rules: [a], group-by: [Host], timespan: 1h, condition: { field: n, gte: 30 } }',
      },
      { maxEntries: 50 },
    );
    for (let n = 0; n < 1_000; n += 1) bench.see(n, { kind: 'a', Host: n % 20, n });
    const { entries, droppedGroups } = bench.correlator.figures;
    expect(entries).toBeLessThanOrEqual(50);
    expect(droppedGroups).toBeGreaterThan(0);
  });

  it('keeps to that with one group for each of many correlations, too', () => {
    const section = '{ type: value_sum, rules: [a], timespan: 1h, condition: { field: n, gt: 1000000 } }';
    const sections = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`x${index}`, section]));
    const bench = new Bench(sections, { maxEntries: 50 });
    for (let n = 0; n < 100; n += 1) bench.see(n, { kind: 'a', n });
    // The group that is being added to may exceed the limit.
    expect(bench.correlator.figures.entries).toBeLessThanOrEqual(100);
  });

  it('remembers of a group only what can decide', () => {
    const bench = new Bench({
      count: '{ type: event_count, rules: [a], timespan: 1h, condition: { gt: 10 } }',
      values: '{ type: value_count, rules: [a], timespan: 1h, condition: { field: n, eq: 10 } }',
      few: '{ type: event_count, rules: [a], timespan: 1h, condition: { lt: 10 } }',
      chain: '{ type: temporal_ordered, rules: [a, b, c], timespan: 1h }',
    });
    for (let n = 0; n < 1_000; n += 1) bench.see(n, { kind: 'a', n });
    expect(bench.correlator.figures).toMatchObject({ groups: 4, entries: 11 + 11 + 100 + 1, droppedEntries: 0 });
  });

  it('drops the oldest numbers of a group that has too many, and counts them', () => {
    const bench = new Bench({
      x: '{ type: value_sum, rules: [a], timespan: 1h, condition: { field: n, gt: 1000000 } }',
    });
    for (let n = 0; n < 65_540; n += 1) bench.see(0, { kind: 'a', n: 1 });
    expect(bench.correlator.figures).toMatchObject({ entries: 65_536, droppedEntries: 4 });
  });

  it('forgets groups as time goes on, without being asked', () => {
    const bench = new Bench({
      x: '{ type: event_count, rules: [a], group-by: [Host], timespan: 10s, condition: { gte: 3 } }',
    });
    for (let second = 0; second < 1_000; second += 1) bench.see(second, { kind: 'a', Host: second });
    expect(bench.correlator.figures.groups).toBe(11);
  });
});

describe('snapshots', () => {
  const counting = '{ type: event_count, rules: [a], group-by: [Host], timespan: 1h, condition: { gte: 2 } }';

  it('go on with what has stayed the same, and begin anew with what has changed', () => {
    const before = new Bench({ same: counting, changed: counting }, { allowedLatenessMs: 10_000 });
    before.see(0, { kind: 'a', Host: 'h' });
    before.until(20);
    before.see(15, { kind: 'a', Host: 'h' });
    const after = new Bench(
      { changed: counting.replace('gte: 2', 'gte: 1'), added: counting, same: counting },
      { allowedLatenessMs: 10_000 },
    );
    after.correlator.restore(before.correlator.snapshot());
    expect(after.correlator.figures).toMatchObject({ groups: 1, waiting: 1 });
    expect(after.until(40)).toMatchObject([{ rule: { name: 'same' }, events: ['e1', 'e2'], trigger: 'e2' }]);
  });

  it('replace what was there', () => {
    const bench = new Bench({ x: counting });
    const empty = bench.correlator.snapshot();
    bench.see(0, { kind: 'a', Host: 'h' });
    bench.correlator.restore(empty);
    expect(bench.see(0, { kind: 'a', Host: 'h' })).toEqual([]);
  });

  it('keep times with fractions and texts of any kind', () => {
    const bench = new Bench({ x: counting });
    const Host = 'pod-\u00e9\u4e16\ud83d\udc19\ud800';
    bench.see(0.000_123, { kind: 'a', Host });
    const other = new Bench({ x: counting });
    other.correlator.restore(bench.correlator.snapshot());
    expect(other.see(1, { kind: 'a', Host })).toMatchObject([{ group: { Host } }]);
  });

  it('of another version are refused as such', () => {
    const bytes = Buffer.from(new Bench({ x: counting }).correlator.snapshot());
    bytes[5]! += 1;
    bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
    expect(() => new Bench({ x: counting }).correlator.restore(bytes)).toThrow('the snapshot has version 2');
  });

  it('are refused when they are damaged or cut short, and change nothing', () => {
    const bench = new Bench({ x: counting });
    bench.see(0, { kind: 'a', Host: 'h' });
    const bytes = bench.correlator.snapshot();
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 1;
      expect(() => bench.correlator.restore(damaged)).toThrow('no whole snapshot');
      expect(() => bench.correlator.restore(bytes.subarray(0, at))).toThrow('no whole snapshot');
    }
    expect(bench.see(1, { kind: 'a', Host: 'h' })).toHaveLength(1);
  });
});
