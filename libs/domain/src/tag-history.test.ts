import * as fc from 'fast-check';

import { placePush, type TagEntry, type TagPush } from './tag-history.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const lettersOf = (history: readonly TagEntry[]) => history.map(({ digest }) => digest?.[7] ?? '-').join('');

/** Stored tag: every handled push enters the history with the registry's answer of that moment. */
class KeptTag {
  history: TagEntry[] = [];

  handle(push: TagPush, registryDigest: string | null): void {
    const { replaced, index, atMs, seen } = placePush(this.history, push, registryDigest);
    const entry = { digest: push.digest, pushId: push.id, isSeen: false, pushedAtMs: push.pushedAtMs, atMs };
    const others = replaced === null ? this.history : this.history.toSpliced(replaced, 1);
    this.history = others.toSpliced(index, 0, entry);
    if (seen) this.history.push({ ...seen, isSeen: true, pushedAtMs: null, atMs: push.receivedAtMs });
  }

  get pushed(): TagEntry[] {
    return this.history.filter(({ isSeen }) => !isSeen);
  }

  get current(): string | null {
    return this.history.at(-1)?.digest ?? null;
  }
}

const pushOf = (letter: string, pushedAtMs: number | null, receivedAtMs = 1_000): TagPush => ({
  id: `${letter}${pushedAtMs ?? receivedAtMs}`,
  digest: digestOf(letter),
  pushedAtMs,
  receivedAtMs,
});

describe('placePush', () => {
  it.each<[string, [TagPush, string | null][], string, string | null]>([
    [
      'pushes in order',
      [
        [pushOf('a', 1), 'a'],
        [pushOf('b', 2), 'b'],
      ],
      'ab',
      'b',
    ],
    [
      'an older push that arrives last',
      [
        [pushOf('b', 2), 'b'],
        [pushOf('a', 1), 'b'],
      ],
      'ab',
      'b',
    ],
    [
      'an older push of the same second',
      [
        [pushOf('b', 1), 'b'],
        [pushOf('a', 1), 'b'],
      ],
      'ab',
      'b',
    ],
    [
      'an older push without a time',
      [
        [pushOf('b', null), 'b'],
        [pushOf('a', null, 2_000), 'b'],
      ],
      'ab',
      'b',
    ],
    [
      'pushes that are handled after the last of them',
      [
        [pushOf('a', 1), 'c'],
        [pushOf('b', 2), 'c'],
        [pushOf('c', 3), 'c'],
      ],
      'abc',
      'c',
    ],
    [
      'a tag that was moved and moved back',
      [
        [pushOf('a', 1), 'a'],
        [pushOf('b', 2), 'a'],
        [pushOf('a', 3), 'a'],
      ],
      'aba',
      'a',
    ],
    [
      'the same out of order',
      [
        [pushOf('a', 3), 'a'],
        [pushOf('b', 2), 'a'],
        [pushOf('a', 1), 'a'],
      ],
      'aba',
      'a',
    ],
    ['a push of a tag that is gone', [[pushOf('a', 1), null]], 'a', null],
    [
      'a push whose content was seen before an older push was placed after it',
      [
        [pushOf('a', 1), 'c'],
        [pushOf('b', 4), 'b'],
        [pushOf('d', 2), 'b'],
        [pushOf('c', 3), 'b'],
      ],
      'adcb',
      'b',
    ],
    [
      'a push whose time is older than that of the push before',
      [
        [pushOf('a', 9), 'a'],
        [pushOf('b', 1), 'b'],
      ],
      'ab',
      'b',
    ],
    [
      'a push from the future before one of today',
      [
        [pushOf('a', 9e12), 'a'],
        [pushOf('b', 500), 'b'],
      ],
      'ab',
      'b',
    ],
  ])('orders %s', (_what, schedule, order, current) => {
    const tag = new KeptTag();
    for (const [push, now] of schedule) tag.handle(push, now && digestOf(now));
    expect(lettersOf(tag.pushed)).toBe(order);
    expect(tag.current).toBe(current && digestOf(current));
  });

  it('lets a push stand for its digest until the push of that digest arrives', () => {
    const tag = new KeptTag();
    tag.handle(pushOf('a', 1), digestOf('a'));
    tag.handle(pushOf('b', 2), digestOf('a'));
    expect(tag.history.at(-1)).toMatchObject({ digest: digestOf('a'), pushId: 'a1', isSeen: true });
    tag.handle(pushOf('a', 3), digestOf('a'));
    expect(tag.history.at(-1)).toMatchObject({ digest: digestOf('a'), pushId: 'a3', isSeen: false });
  });

  it('never dates a push in the future, and keeps the times in order', () => {
    const tag = new KeptTag();
    tag.handle(pushOf('a', 9e12, 1_000), digestOf('a'));
    tag.handle(pushOf('b', null, 2_000), digestOf('b'));
    tag.handle(pushOf('c', -5, 3_000), digestOf('c'));
    const times = tag.history.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((x, y) => x - y));
    expect(Math.max(...times)).toBeLessThanOrEqual(3_000);
  });

  /**
   * Pushes of different content, the order in which they are handled, and the number of pushes made
   * before each.
   */
  const schedules = fc.integer({ min: 1, max: 6 }).chain((count) =>
    fc.record({
      letters: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: count, maxLength: count }),
      order: fc.shuffledSubarray(
        Array.from({ length: count }, (_, index) => index),
        { minLength: count },
      ),
      made: fc.array(fc.nat(count), { minLength: count, maxLength: count }),
      clock: fc.constantFrom('right', 'ahead', 'behind', 'seconds', 'none', 'wild'),
      wild: fc.array(fc.integer(), { minLength: count, maxLength: count }),
    }),
  );

  /**
   * Handles pushes by the schedule: none before it was made, and the last with the final state of
   * the registry.
   */
  function run({
    letters,
    order,
    made,
    clock,
    wild,
  }: {
    letters: string[];
    order: number[];
    made: number[];
    clock: string;
    wild: number[];
  }) {
    const tag = new KeptTag();
    let pushed = 0;
    for (const [step, index] of order.entries()) {
      pushed = Math.max(pushed, index + 1, made[step]!, step + 1 === order.length ? letters.length : 0);
      const atMs = index * 400;
      const times: Record<string, number | null> = {
        right: atMs,
        ahead: atMs + 1e9,
        behind: atMs - 1e9,
        seconds: Math.floor(atMs / 1_000) * 1_000,
        none: null,
        wild: wild[index]!,
      };
      const push = {
        id: String(index),
        digest: digestOf(letters[index]!),
        pushedAtMs: times[clock]!,
        receivedAtMs: 10_000 + step,
      };
      tag.handle(push, digestOf(letters[pushed - 1]!));
    }
    return tag;
  }

  it("ends with the registry's digest and has every push once, in any order and by any clock", () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        const tag = run(schedule);
        expect(tag.current).toBe(digestOf(schedule.letters.at(-1)!));
        expect(tag.pushed.map(({ pushId }) => pushId).toSorted((a, b) => Number(a) - Number(b))).toEqual(
          schedule.letters.map((_, index) => String(index)),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it("keeps the registry's order if its clock is consistent and no content returns", () => {
    const distinct = schedules.filter(
      ({ letters, clock }) => new Set(letters).size === letters.length && ['right', 'ahead', 'behind'].includes(clock),
    );
    fc.assert(
      fc.property(distinct, (schedule) => {
        expect(lettersOf(run(schedule).history)).toBe(schedule.letters.join(''));
      }),
      { numRuns: 2_000 },
    );
  });
});
