import type { KnownTag } from '@tidewaiter/store';
import * as fc from 'fast-check';

import { reconcile } from './reconciliation.js';

const [a, b] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];
const known = (tag: string, more: Partial<KnownTag> = {}): KnownTag => ({
  tag,
  seen: null,
  told: null,
  isOnItsWay: false,
  ...more,
});
const later = { isFirstLook: false, newest: 3 };
const first = { isFirstLook: true, newest: 2 };

it.each<[string, KnownTag[], boolean]>([
  ['a tag that nobody knows', [], true],
  ['a tag that points elsewhere than told', [known('1', { told: b })], true],
  ['a tag that points elsewhere than seen', [known('1', { seen: b })], true],
  ['a tag that was told of', [known('1', { told: a })], false],
  ['a tag that was seen before', [known('1', { seen: a, told: b })], false],
  ['a tag whose push is on its way', [known('1', { told: b, isOnItsWay: true })], false],
])('misses %s: %#', (_what, tags, isMissed) => {
  const { missed, imported, gone } = reconcile(new Map([['1', a]]), tags, later);
  expect(missed).toEqual(isMissed ? [{ tag: '1', digest: a }] : []);
  expect([imported, gone]).toEqual([[], []]);
});

it('brings in the newest tags of a repository that it sees for the first time, and knows the rest from then on', () => {
  const found = new Map(['1.2', '1.10', 'latest', '1.9'].map((tag) => [tag, a]));
  expect(reconcile(found, [], first)).toEqual({
    seen: found,
    missed: [],
    imported: [
      { tag: 'latest', digest: a },
      { tag: '1.10', digest: a },
    ],
    gone: [],
  });
});

it('misses a tag that was told of once, also at the first look', () => {
  const { missed, imported } = reconcile(new Map([['1', a]]), [known('1', { told: b })], first);
  expect([missed, imported]).toEqual([[{ tag: '1', digest: a }], []]);
});

it('says that a tag is gone that was told of, once', () => {
  expect(reconcile(new Map(), [known('1', { told: a })], later).gone).toEqual(['1']);
  expect(reconcile(new Map(), [known('1', { seen: a })], later).gone).toEqual([]);
  expect(reconcile(new Map(), [known('1', { told: a, isOnItsWay: true })], later).gone).toEqual([]);
});

it('tells at the next look what may have been on its way at this one', () => {
  const found = new Map([['1', a]]);
  for (const before of [null, b]) {
    const { missed, seen } = reconcile(found, [known('1', { told: b, seen: before, isOnItsWay: true })], later);
    expect(missed).toEqual([]);
    const next = [known('1', { told: b, seen: seen.get('1') ?? null })];
    expect(reconcile(found, next, later).missed).toEqual([{ tag: '1', digest: a }]);
  }
});

it('knows what was told while it is on its way', () => {
  expect(reconcile(new Map([['1', a]]), [known('1', { told: a, isOnItsWay: true })], later).seen.get('1')).toBe(a);
});

it('finds nothing in what it has just found', () => {
  const digest = fc.constantFrom(a, b);
  const found = fc.uniqueArray(fc.tuple(fc.constantFrom('1', '2', 'latest', 'x'), digest), {
    selector: ([tag]) => tag,
  });
  fc.assert(
    fc.property(found, (tags) => {
      const now = new Map(tags);
      const { missed } = reconcile(
        now,
        tags.map(([tag, seen]) => known(tag, { seen })),
        later,
      );
      expect(missed).toEqual([]);
    }),
  );
});
