import { InvalidInput } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { hitIn, isInRange, isListed } from './ranges.js';
import type { VersionEvent } from './ranges.js';

/** Numbers are versions enough here; anything else cannot be compared. */
function compare(a: string, b: string): number {
  const [left, right] = [Number(a), Number(b)];
  if (Number.isNaN(left) || Number.isNaN(right)) throw new InvalidInput('UNPARSABLE_VERSION', 'no number');
  return Math.sign(left - right);
}

const inRange = (version: string, events: VersionEvent[]) => isInRange(version, { type: 'ECOSYSTEM', events }, compare);

describe('isInRange', () => {
  const fixedAt3: VersionEvent[] = [{ introduced: '0' }, { fixed: '3' }];
  const twoBranches: VersionEvent[] = [
    { introduced: '1' },
    { fixed: '3' },
    { introduced: '5' },
    { last_affected: '7' },
  ];
  const unsorted: VersionEvent[] = [{ fixed: '3' }, { introduced: '5' }, { introduced: '1' }];

  it.each<[string, VersionEvent[], boolean]>([
    ['2', [{ introduced: '0' }], true],
    ['-1', [{ introduced: '0' }], true],
    ['2', fixedAt3, true],
    ['3', fixedAt3, false],
    ['-1', fixedAt3, true],
    ['0.5', twoBranches, false],
    ['1', twoBranches, true],
    ['4', twoBranches, false],
    ['7', twoBranches, true],
    ['7.1', twoBranches, false],
    ['2', unsorted, true],
    ['4', unsorted, false],
    ['9', unsorted, true],
    ['-1', [{ fixed: '3' }, { introduced: '0' }], true],
    // One version ends an interval and starts the next, or does both at once.
    ['3', [{ introduced: '1' }, { fixed: '3' }, { introduced: '3' }, { fixed: '4' }], true],
    ['3', [{ introduced: '3' }, { fixed: '3' }], false],
    ['2', [{ introduced: '1' }, { introduced: '2' }, { fixed: '3' }], true],
    ['4', [{ introduced: '1' }, { fixed: '3' }, { fixed: '5' }], false],
    ['2', [{ introduced: '0' }, { limit: '2' }], false],
    ['1', [{ introduced: '0' }, { limit: '2' }], true],
    ['3', [{ introduced: '0' }, { limit: '2' }, { limit: '4' }], true],
    ['3', [{ introduced: '0' }, { limit: '*' }], true],
    ['3', [{ fixed: '4' }], false],
    ['3', [], false],
  ])('decides whether %s is in %j: %s', (version, events, answer) => {
    expect(inRange(version, events)).toBe(answer);
  });

  it.each<[string, VersionEvent[], boolean | undefined]>([
    ['odd', fixedAt3, undefined],
    ['odd', [{ introduced: '0' }, { fixed: 'odd' }], false],
    ['odd', [{ introduced: '0' }, { last_affected: 'odd' }], true],
    ['2', [{ introduced: '0' }, { fixed: 'odd' }], undefined],
    ['2', [{ introduced: 'odd' }], undefined],
    ['2', [{ introduced: '0' }, { limit: 'odd' }], undefined],
    ['2', [{ fixed: 'odd' }, { introduced: '1' }], undefined],
    // Decided without the part that cannot be compared.
    ['odd', [{ introduced: '0' }], true],
    ['2', [{ introduced: '3' }, { fixed: 'odd' }], false],
    ['4', [{ introduced: 'odd' }, { fixed: '3' }], false],
    ['2', [{ introduced: '0' }, { fixed: 'odd' }, { introduced: '1' }, { fixed: '3' }], true],
  ])('decides for %s in %j: %s if a part cannot be compared', (version, events, answer) => {
    expect(inRange(version, events)).toBe(answer);
  });

  const bounds = fc
    .uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 })
    .map((numbers) => numbers.toSorted((a, b) => a - b));
  const eventsOf = (numbers: number[]): VersionEvent[] =>
    numbers.map((number, index) => (index % 2 === 0 ? { introduced: String(number) } : { fixed: String(number) }));

  it('is the union of the intervals', () => {
    fc.assert(
      fc.property(bounds, fc.integer({ min: 0, max: 31 }), (numbers, version) => {
        // A version is affected when an odd number of bounds lies at or below it.
        const isAffected = numbers.filter((number) => number <= version).length % 2 === 1;
        expect(inRange(String(version), eventsOf(numbers))).toBe(isAffected);
      }),
    );
  });

  it('does not depend on the order of sorted events', () => {
    const shuffled = bounds
      .filter((numbers) => numbers.length > 1)
      .chain((numbers) => {
        const all = { minLength: numbers.length, maxLength: numbers.length };
        return fc.tuple(fc.constant(eventsOf(numbers)), fc.shuffledSubarray(eventsOf(numbers), all));
      })
      .filter(([, events]) => !events.every((event, index) => 'introduced' in event === (index % 2 === 0)));
    fc.assert(
      fc.property(shuffled, fc.integer({ min: 0, max: 31 }), ([sorted, events], version) => {
        expect(inRange(String(version), events)).toBe(inRange(String(version), sorted));
      }),
    );
  });

  it('never returns false because of an incomparable version', () => {
    fc.assert(
      fc.property(bounds, (numbers) => {
        expect(inRange('odd', eventsOf(numbers))).toBeUndefined();
      }),
    );
  });
});

it.each<[string, VersionEvent[], string]>([
  ['2', [{ introduced: '0' }], 'all versions'],
  ['2', [{ introduced: '0' }, { fixed: '3' }], '< 3'],
  ['6', [{ introduced: '1' }, { fixed: '3' }, { introduced: '5' }, { last_affected: '7' }], '>= 5, <= 7'],
  [
    'odd',
    [{ introduced: '1' }, { fixed: '3' }, { introduced: '5' }, { last_affected: '7' }],
    '>= 1, < 3 || >= 5, <= 7',
  ],
  ['2', [{ fixed: 'odd' }, { introduced: '1' }], 'not known'],
])('formats for %s in %j the range %s', (version, events, text) => {
  expect(hitIn(version, [{ type: 'ECOSYSTEM', events }], compare)).toBe(text);
});

it.each<[string, string[], boolean | undefined]>([
  ['2', ['1', '2'], true],
  ['2', ['1', '2.0'], true],
  ['2', ['1', 'odd'], false],
  ['odd', ['1', 'odd'], true],
  ['odd', ['1'], undefined],
  ['odd', [], false],
])('decides whether %s is one of %j: %s', (version, versions, answer) => {
  expect(isListed(version, versions, compare)).toBe(answer);
});
