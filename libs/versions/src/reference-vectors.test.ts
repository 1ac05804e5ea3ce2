import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stdout } from 'node:process';

import { describeWith, sharedData } from '@tidewaiter/testkit';

import { satisfiesConstraint } from './version-constraint.js';
import { versionRanges } from './version-ranges.js';
import { versionSchemes } from './version-schemes.js';
import type { VersionScheme } from './version-schemes.js';

const shared = sharedData('versions');
const vectors = shared.path;

const orders: [file: string, scheme: VersionScheme][] = [
  ['apk', 'apk'],
  ['composer', 'composer'],
  ['cran', 'cran'],
  ['dpkg', 'dpkg'],
  ['gem', 'gem'],
  ['go', 'go'],
  ['hackage', 'hackage'],
  ['maven', 'maven'],
  ['nuget', 'nuget'],
  ['pep440', 'pep440'],
  ['pub', 'pub'],
  ['rpm', 'rpm'],
  ['semver', 'hex'],
  ['semver', 'npm'],
  ['semver', 'semver'],
  ['semver-loose', 'npm'],
];
const ranges = ['composer', 'gem', 'maven', 'npm', 'nuget', 'pep440'] as const;
const constraints = ['apk', 'bitnami', 'dpkg', 'gem', 'go', 'maven', 'pep440', 'rpm', 'semver'] as const;

/**
 * Gentoo packages, Java runtimes and grype's guess at what it cannot name are no ecosystem of ours;
 * sources disagree on the last.
 */
const foreign = ['portage-constraint', 'jvm-constraint', 'fuzzy-constraint', 'disputed'];

/** Cases in which grype differs from the scheme. */
const opinions = new Set([
  // Not a constraint.
  'pep440 4.5.2 \\',
  // For grype a missing epoch is any epoch, and a release may go on unnoticed; rpm says epoch 0,
  // and 5.el8 < 5.el8.0.0.
  'rpm 2:4.19.01-1.el7_5 <= 4.19.1-1.el7_5',
  'rpm 4.19.0-1.el7_5 < 12:4.19.0-1.el7',
  'rpm 4.19.0-1.el7_5 <= 12:4.19.0-1.el7',
  'rpm 4.19.01-1.el7_5 < 2:4.19.1-1.el7_5',
  'rpm 8.3.1-5.el8 < 0:8.3.1-5.el8.0.0',
  // Grype replaces `.alpha` wherever it stands; we read it as the start of a pre-release,
  // 1.0.0-alpha.beta.
  'semver 1.0.0.alpha.beta = 1.0.0-alpha-beta',
  'semver 1.0.0.rc.alpha = 1.0.0-rc-alpha',
]);

const operators = new Map([
  [-1, '<'],
  [0, '='],
  [1, '>'],
]);

// The answers come from the schemes' own tools; see the README beside the vectors.
describeWith(shared)('the reference vectors', () => {
  it('are all used', () => {
    const known = [
      ...orders.map(([file]) => file),
      ...ranges.map((scheme) => `${scheme}-range`),
      ...constraints.map((scheme) => `${scheme}-constraint`),
      ...foreign,
    ];
    const files = readdirSync(vectors).filter((name) => name.endsWith('.tsv'));
    expect(files.toSorted()).toEqual([...new Set(known)].map((file) => `${file}.tsv`).toSorted());
  });

  it.each(orders)('of %s.tsv match the order %s', (file, scheme) => {
    const compare = versionSchemes[scheme];
    expectAll(rowsOf(file), file, ([a, operator, b]) => {
      return operators.get(compare(a, b)) === operator && compare(a, b) + compare(b, a) === 0;
    });
  });

  it.each(ranges)('of %s-range.tsv match the range test', (scheme) => {
    const file = `${scheme}-range`;
    expectAll(rowsOf(file), file, ([version, operator, range]) => {
      return versionRanges[scheme]?.(version, range) === (operator === 'in');
    });
  });

  it.each(constraints)('of %s-constraint.tsv match the constraint test', (scheme) => {
    const file = `${scheme}-constraint`;
    const rows = rowsOf(file).filter(([version, , constraint]) => !opinions.has(`${scheme} ${version} ${constraint}`));
    expectAll(rows, file, ([version, operator, text]) => {
      const constraint = text === '(empty)' ? '' : text;
      return satisfiesConstraint(version, constraint, scheme) === (operator === 'in');
    });
  });
});

type Row = [a: string, operator: string, b: string];

function rowsOf(file: string): Row[] {
  const lines = readFileSync(join(vectors, `${file}.tsv`), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => line.split('\t').slice(0, 3) as Row);
}

function expectAll(rows: Row[], file: string, isRight: (row: Row) => boolean): void {
  const wrong = rows.filter((row) => !isRight(row));
  stdout.write(`${file}.tsv: ${rows.length - wrong.length} of ${rows.length}\n`);
  expect(rows.length).toBeGreaterThan(0);
  expect(wrong).toEqual([]);
}
