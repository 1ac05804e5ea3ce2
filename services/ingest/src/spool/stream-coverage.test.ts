import * as fc from 'fast-check';

import { StreamCoverage } from './stream-coverage.js';

const start = { segment: 1, offset: 0 };
const placesOf = (life: string, sequences: Record<number, number>) =>
  new Map(Object.entries(sequences).map(([partition, sequence]) => [Number(partition), { life, sequence }]));

describe('StreamCoverage', () => {
  it('has a segment covered when snapshots cover each of its partitions', () => {
    const coverage = new StreamCoverage(start);
    coverage.compare({ life: 'a', sequence: 0 }, start);
    coverage.published(0, 1, { segment: 1, offset: 10 });
    coverage.published(5, 2, { segment: 1, offset: 20 });
    coverage.published(0, 3, { segment: 2, offset: 10 });
    expect(coverage.isCovered(1, placesOf('a', { 0: 1 }))).toBe(false);
    expect(coverage.isCovered(1, placesOf('a', { 0: 1, 5: 1 }))).toBe(false);
    expect(coverage.isCovered(1, placesOf('a', { 0: 1, 5: 2 }))).toBe(true);
    expect(coverage.isCovered(2, placesOf('a', { 0: 1, 5: 2 }))).toBe(false);
    expect(coverage.isCovered(1, placesOf('b', { 0: 9, 5: 9 }))).toBe(false);
  });

  it.each([
    ['another one', { life: 'b', sequence: 9 }],
    ['shorter than it was', { life: 'a', sequence: 1 }],
  ])('begins again when the stream is %s', (_, end) => {
    const coverage = new StreamCoverage(start);
    coverage.compare({ life: 'a', sequence: 0 }, start);
    coverage.published(0, 2, { segment: 1, offset: 10 });
    expect(coverage.compare({ life: 'a', sequence: 2 }, start)).toBe(false);
    expect(coverage.compare(end, start)).toBe(true);
    expect(coverage.position).toEqual(start);
    expect(coverage.compare(end, start)).toBe(false);
  });

  it('continues from its note, and from the start without a readable one', () => {
    const coverage = new StreamCoverage(start);
    expect(coverage.note()).toBeNull();
    coverage.compare({ life: 'a', sequence: 0 }, start);
    coverage.published(0, 2, { segment: 1, offset: 10 });
    const restored = new StreamCoverage(start, JSON.parse(JSON.stringify(coverage.note())));
    expect(restored.position).toEqual({ segment: 1, offset: 10 });
    expect(restored.isCovered(1, placesOf('a', { 0: 2 }))).toBe(true);
    expect(restored.compare({ life: 'b', sequence: 9 }, start)).toBe(true);
    fc.assert(
      fc.property(fc.jsonValue(), (note) => {
        expect(new StreamCoverage(start, note).position).toEqual(start);
      }),
    );
  });

  it('covers no entry that the stream has lost, whatever is published, lost and covered', () => {
    const step = fc.oneof(fc.record({ publish: fc.nat(2) }), fc.constantFrom('lose', 'snapshot', 'check'));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const coverage = new StreamCoverage(start);
        let life = 1;
        let stream: { partition: number; entry: number }[] = [];
        /** Entries that a snapshot covers. */
        const evaluated = new Set<number>();
        const places = new Map<number, { life: string; sequence: number }>();
        coverage.compare({ life: '1', sequence: 0 }, start);
        let entry = 0;
        let published: { entry: number; partition: number; offset: number }[] = [];
        for (const each of steps) {
          if (typeof each === 'object') {
            entry += 1;
            stream.push({ partition: each.publish, entry });
            published.push({ entry, partition: each.publish, offset: entry });
            coverage.published(each.publish, stream.length, { segment: 1, offset: entry });
          } else if (each === 'lose') {
            stream = [];
            life += 1;
          } else if (each === 'snapshot') {
            for (const [index, message] of stream.entries()) {
              evaluated.add(message.entry);
              places.set(message.partition, { life: String(life), sequence: index + 1 });
            }
          } else if (coverage.compare({ life: String(life), sequence: stream.length }, start)) {
            published = [];
          } else if (coverage.isCovered(1, places)) {
            for (const { entry: one } of published) expect(evaluated.has(one)).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
