import type { UnfixedGroup } from '@tidewaiter/reports';

import { cutGroups } from './cut-groups.js';

const group = (name: string, size: number): UnfixedGroup => ({
  ...{ name, counts: {}, fixable: 0, oldest: 0, overdue: 0 },
  rows: Array.from({ length: size }, (_, days) => ({ days }) as UnfixedGroup['rows'][number]),
});

describe('cutGroups', () => {
  it('keeps everything that fits', () => {
    const cut = cutGroups([group('a', 3), group('b', 7)], 10);
    expect(cut.map(({ rows, omitted }) => [rows.length, omitted])).toEqual([
      [3, 0],
      [7, 0],
    ]);
  });

  it('gives what small groups do not use to the large ones, in their order', () => {
    const cut = cutGroups([group('a', 100), group('b', 2), group('c', 100)], 50);
    expect(cut.map(({ name, rows, omitted }) => [name, rows.length, omitted])).toEqual([
      ['a', 24, 76],
      ['b', 2, 0],
      ['c', 24, 76],
    ]);
  });

  it('shows rows of every group, even beyond the limit', () => {
    const cut = cutGroups([group('a', 100), group('b', 100)], 1);
    expect(cut.map(({ rows, omitted }) => [rows.length, omitted])).toEqual([
      [5, 95],
      [5, 95],
    ]);
  });
});
