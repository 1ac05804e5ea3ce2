import { mergeFresh } from './merge.js';

const row = (key: string, text = key) => ({ key, text });
const keyOf = ({ key }: { key: string }) => key;

describe('mergeFresh', () => {
  it('changes known rows in place and counts new ones', () => {
    const shown = [row('b'), row('a')];
    expect(mergeFresh(shown, [row('c'), row('b', 'changed')], keyOf)).toEqual({
      rows: [row('b', 'changed'), row('a')],
      waiting: 1,
    });
  });

  it('shows everything in an empty list', () => {
    expect(mergeFresh([], [row('a')], keyOf)).toEqual({ rows: [row('a')], waiting: 0 });
  });

  it('shows a row once that two pages have', () => {
    expect(mergeFresh([row('b'), row('a'), row('a')], [], keyOf).rows).toEqual([row('b'), row('a')]);
  });
});
