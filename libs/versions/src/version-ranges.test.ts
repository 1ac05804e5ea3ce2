import { InvalidInput } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { satisfiesVers } from './vers.js';
import { satisfiesConstraint } from './version-constraint.js';
import { versionRanges } from './version-ranges.js';
import type { VersionRangeTest } from './version-ranges.js';

const languages: [name: string, isInRange: VersionRangeTest][] = [
  ...Object.entries(versionRanges),
  ['constraints', (version, range) => satisfiesConstraint(version, range, 'semver')],
  ['vers', (version, range) => satisfiesVers(version, `vers:gem/${range}`)],
];

describe.each(languages)('ranges of %s', (_name, isInRange) => {
  const range = fc
    .array(
      fc.constantFrom(
        '1.0',
        '1.2.3',
        '2',
        'x',
        '*',
        '.',
        '-',
        ' - ',
        '^',
        '~',
        '<',
        '>=',
        '=',
        '!',
        '[',
        ')',
        ',',
        ' ',
        '|',
        '||',
      ),
      {
        maxLength: 12,
      },
    )
    .map((all) => all.join(''));

  it('accept or reject any text', () => {
    fc.assert(
      fc.property(fc.oneof(range, fc.string()), fc.oneof(fc.constant('1.2.3'), fc.string()), (text, version) => {
        expect(isAnswered(() => isInRange(version, text))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['UNPARSABLE_VERSION', '1'.repeat(1_025), '1.0'],
    ['UNPARSABLE_RANGE', '1.0', '1,'.repeat(32_769)],
  ])('are rejected with %s over a length', (code, version, text) => {
    expect(() => isInRange(version, text)).toThrow(expect.objectContaining({ code }));
  });
});

function isAnswered(ask: () => boolean): boolean {
  try {
    return typeof ask() === 'boolean';
  } catch (error) {
    return error instanceof InvalidInput && ['UNPARSABLE_VERSION', 'UNPARSABLE_RANGE'].includes(error.code);
  }
}
