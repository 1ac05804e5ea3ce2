import { fit } from './terminal.js';

describe('fit', () => {
  it.each([
    [false, 10, 'x'.repeat(60), 60],
    [true, 50, 'x'.repeat(60), 50],
    [true, 50, 'x'.repeat(50), 50],
    [true, 5, 'x'.repeat(60), 40],
  ])('fits a line: terminal %s of %i columns', (isTTY, columns, line, length) => {
    expect(fit(line, { isTTY, columns })).toHaveLength(length);
  });
});
