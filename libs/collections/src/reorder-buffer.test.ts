import * as fc from 'fast-check';

import { compareTimed, ReorderBuffer, type Timed } from './reorder-buffer.js';

const quarters = fc.integer({ min: 0, max: 200 }).map((quarter) => quarter / 4);
const item = fc.record({ timeMs: quarters, id: fc.string({ minLength: 1, maxLength: 3 }) });

function passing(items: readonly Timed[], latenessMs: number): { left: Timed[]; late: Timed[] } {
  const buffer = new ReorderBuffer<Timed>(latenessMs);
  const left: Timed[] = [];
  const late: Timed[] = [];
  for (const each of items) {
    if (buffer.isLate(each)) {
      late.push(each);
      continue;
    }
    buffer.push(each);
    left.push(...buffer.advance(each.timeMs));
  }
  left.push(...buffer.advance(Number.POSITIVE_INFINITY));
  return { left, late };
}

describe('ReorderBuffer', () => {
  it('returns every item once, in order', () => {
    fc.assert(
      fc.property(fc.array(item), fc.nat(60), (items, latenessMs) => {
        const { left, late } = passing(items, latenessMs);
        expect(left).toEqual(left.toSorted(compareTimed));
        expect([...left, ...late].toSorted(compareTimed)).toEqual(items.toSorted(compareTimed));
      }),
    );
  });

  it('counts no item as late that is within the lateness', () => {
    fc.assert(
      fc.property(fc.array(item), (items) => {
        expect(passing(items, 50).late).toEqual([]);
      }),
    );
  });

  it('holds an item for the lateness and no longer', () => {
    const buffer = new ReorderBuffer<Timed>(10);
    buffer.push({ id: 'a', timeMs: 100 });
    expect(buffer.advance(110)).toEqual([]);
    expect(buffer.advance(111)).toHaveLength(1);
    expect(buffer.isLate({ id: 'b', timeMs: 100 })).toBe(true);
    expect(buffer.isLate({ id: 'c', timeMs: 101 })).toBe(false);
  });

  it('continues from a snapshot', () => {
    fc.assert(
      fc.property(fc.array(item), (items) => {
        const buffer = new ReorderBuffer<Timed>(20);
        for (const each of items) buffer.push(each);
        const other = new ReorderBuffer<Timed>(20);
        other.restore(buffer.snapshot());
        expect(other.advance(100)).toEqual(buffer.advance(100));
      }),
    );
  });

  it('returns an item without a time at once, without delaying others', () => {
    const buffer = new ReorderBuffer<Timed>(10);
    for (const timeMs of [Number.NaN, 100, Number.NaN]) buffer.push({ id: `at ${timeMs}`, timeMs });
    expect(buffer.advance(111).map(({ timeMs }) => timeMs)).toEqual([Number.NaN, Number.NaN, 100]);
    expect(buffer.size).toBe(0);
  });

  it('counts the waiting items', () => {
    fc.assert(
      fc.property(fc.array(item), quarters, (items, nowMs) => {
        const buffer = new ReorderBuffer<Timed>(10);
        for (const each of items) buffer.push(each);
        const left = buffer.advance(nowMs);
        expect(buffer.size + left.length).toBe(items.length);
        expect(left).toEqual(items.filter(({ timeMs }) => timeMs < nowMs - 10).toSorted(compareTimed));
      }),
    );
  });
});
