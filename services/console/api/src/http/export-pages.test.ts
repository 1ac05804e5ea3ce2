import { PageBytes, rowsOfPage } from './export-pages.js';

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

describe('PageBytes', () => {
  it('gives each page its own bytes, however long its texts are', () => {
    const pages = new PageBytes();
    const long = '\u65e5'.repeat(300_000);
    pages.add('a');
    pages.add(long);
    const first = pages.take();
    pages.add('b\u00e9');
    const second = pages.take();
    expect(Buffer.from(first).toString()).toBe(`a${long}`);
    expect(Buffer.from(second).toString()).toBe('b\u00e9');
    expect(pages.take()).toHaveLength(0);
  });
});
