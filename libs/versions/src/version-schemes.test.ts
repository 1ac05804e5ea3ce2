import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env, stdout } from 'node:process';

import { versionSchemes } from './version-schemes.js';
import type { VersionScheme } from './version-schemes.js';

const vectors = join(env.TIDEWAITER_SHARED ?? join(__dirname, '../../../../shared'), 'versions');

/** The vectors and the scheme that has to order them. Hex and Bitnami have none of their own. */
const files: [file: string, scheme: VersionScheme][] = [
  ['apk', 'apk'],
  ['dpkg', 'dpkg'],
  ['rpm', 'rpm'],
  ['semver', 'semver'],
  ['semver', 'hex'],
  ['semver', 'npm'],
  ['semver-loose', 'npm'],
  ['pep440', 'pep440'],
  ['maven', 'maven'],
  ['gem', 'gem'],
  ['go', 'go'],
  ['nuget', 'nuget'],
  ['composer', 'composer'],
  ['cran', 'cran'],
  ['pub', 'pub'],
  ['hackage', 'hackage'],
];

const operators = new Map([
  [-1, '<'],
  [0, '='],
  [1, '>'],
]);

// The answers come from the schemes' own tools; see the README beside the vectors.
(existsSync(vectors) ? describe : describe.skip)('the reference vectors (needs TIDEWAITER_SHARED)', () => {
  it.each(files)('of %s.tsv are all answered right by %s', (file, scheme) => {
    const compare = versionSchemes[scheme];
    const rows = readFileSync(join(vectors, `${file}.tsv`), 'utf8')
      .trimEnd()
      .split('\n');
    const wrong = rows.filter((row) => {
      const [a = '', operator, b = ''] = row.split('\t');
      return operators.get(compare(a, b)) !== operator || compare(a, b) + compare(b, a) !== 0;
    });

    stdout.write(`${file}.tsv by ${scheme}: ${rows.length - wrong.length} of ${rows.length}\n`);
    expect(rows.length).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });
});
