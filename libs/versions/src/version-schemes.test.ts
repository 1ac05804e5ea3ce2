import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';

import { versionSchemes } from './version-schemes.js';

const vectors = join(env.TIDEWAITER_SHARED ?? join(__dirname, '../../../../shared'), 'versions');
const operators = new Map([
  [-1, '<'],
  [0, '='],
  [1, '>'],
]);

// The answers come from the schemes' own tools; see the README beside the vectors.
(existsSync(vectors) ? describe : describe.skip)('the reference vectors (needs TIDEWAITER_SHARED)', () => {
  it.each(Object.entries(versionSchemes))('are all answered right by %s', (scheme, compare) => {
    const rows = readFileSync(join(vectors, `${scheme}.tsv`), 'utf8')
      .trimEnd()
      .split('\n');
    const wrong = rows.filter((row) => {
      const [a = '', operator, b = ''] = row.split('\t');
      return operators.get(compare(a, b)) !== operator || compare(a, b) + compare(b, a) !== 0;
    });

    expect(rows.length).toBeGreaterThan(1_000);
    expect(wrong).toEqual([]);
  });
});
