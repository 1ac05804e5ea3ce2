import { widthOf } from './width.js';

describe('widthOf', () => {
  it.each([
    ['abc', 3],
    ['漢字', 4],
    ['😀', 2],
    ['e\u0301', 1],
  ])('returns for %j: %i columns', (text, columns) => {
    expect(widthOf(text)).toBe(columns);
  });
});
