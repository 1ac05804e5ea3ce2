import { rowsOfPage } from './export-pages.js';

describe('rowsOfPage', () => {
  it.each([
    ['begins with some', 0, 0, 100],
    ['reads many narrow rows', 100, 5_000, 2_000],
    ['reads as many as fill an eighth of a megabyte', 100, 400_000, 32],
    ['reads few wide rows', 100, 50_000_000, 1],
    ['reads one row that is larger than a page', 1, 9_000_000, 1],
    ['reads more again after wide rows', 1, 50, 2_000],
  ])('%s', (_, rows, characters, expected) => {
    expect(rowsOfPage(rows, characters)).toBe(expected);
  });
});
