import type { RegistryTagView } from '@tidewaiter/store';
import * as fc from 'fast-check';

import { reconcile } from './reconciliation.js';

const [a, b] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];
const known = (tag: string, more: Partial<RegistryTagView> = {}): RegistryTagView => ({
  tag,
  seen: null,
  isInLedger: false,
  current: null,
  isPushed: false,
  isOnItsWay: false,
  ...more,
});
const pushed = (digest: string): Partial<RegistryTagView> => ({ isInLedger: true, current: digest, isPushed: true });
const later = { isFirstLook: false, isBaseline: false, newest: 3 };
const first = { isFirstLook: true, isBaseline: true, newest: 2 };

describe('reconcile', () => {
  it.each<[string, RegistryTagView[], boolean]>([
    ['reports an unknown tag as missed', [], true],
    ['reports a tag as missed whose digest differs from the ledger', [known('1', pushed(b))], true],
    ['reports it as missed even if an earlier run saw it', [known('1', { ...pushed(b), seen: a })], true],
    ['reports a tag as missed whose digest differs from the last run', [known('1', { seen: b })], true],
    ['reports a tag as missed that was seen but never pushed', [known('1', { ...pushed(a), isPushed: false })], true],
    ['does not report a pushed tag', [known('1', pushed(a))], false],
    ['does not report a tag that was seen before and never pushed', [known('1', { seen: a })], false],
    ['does not report a tag whose push is on its way', [known('1', { ...pushed(b), isOnItsWay: true })], false],
  ])('%s', (_what, tags, isMissed) => {
    const { missed, imported, gone } = reconcile(new Map([['1', a]]), tags, later);
    expect(missed).toEqual(isMissed ? [{ tag: '1', digest: a }] : []);
    expect([imported, gone]).toEqual([[], []]);
  });

  it('corrects the ledger, even while a push is on its way', () => {
    const tags = [known('1', { ...pushed(b), isOnItsWay: true }), known('2', pushed(a)), known('3', { seen: b })];
    const found = new Map(['1', '2', '3', '4'].map((tag) => [tag, a]));
    expect(reconcile(found, tags, later).wrong).toEqual(new Map([['1', a]]));
  });

  const tags = new Map(['1.2', '1.10', 'latest', '1.9'].map((tag) => [tag, a]));
  const newest = [
    { tag: 'latest', digest: a },
    { tag: '1.10', digest: a },
  ];

  it('imports the newest tags of a repository that was there when its registry was connected', () => {
    expect(reconcile(tags, [], first)).toEqual({ missed: [], imported: newest, gone: [], wrong: new Map() });
  });

  it('reports the newest tags of a later repository as missed', () => {
    expect(reconcile(tags, [], { ...first, isBaseline: false })).toMatchObject({ missed: newest, imported: [] });
  });

  it('reports a tag that was pushed before as missed, even in the first run', () => {
    const { missed, imported } = reconcile(new Map([['1', a]]), [known('1', pushed(b))], first);
    expect([missed, imported]).toEqual([[{ tag: '1', digest: a }], []]);
  });

  it('reports a tag that only the ledger has as gone, once', () => {
    expect(reconcile(new Map(), [known('1', pushed(a))], later).gone).toEqual(['1']);
    expect(reconcile(new Map(), [known('1', { seen: a })], later).gone).toEqual([]);
    expect(reconcile(new Map(), [known('1', { ...pushed(a), current: null })], later).gone).toEqual([]);
    expect(reconcile(new Map(), [known('1', { ...pushed(a), isOnItsWay: true })], later).gone).toEqual([]);
  });

  it('finds no differences right after its own corrections', () => {
    const digest = fc.constantFrom(a, b);
    const found = fc.uniqueArray(fc.tuple(fc.constantFrom('1', '2', 'latest', 'x'), digest), {
      selector: ([tag]) => tag,
    });
    fc.assert(
      fc.property(found, fc.boolean(), (all, isPushed) => {
        const now = new Map(all);
        const { missed, wrong, gone } = reconcile(
          now,
          all.map(([tag, seen]) => known(tag, isPushed ? pushed(seen) : { seen })),
          later,
        );
        expect([missed, wrong, gone]).toEqual([[], new Map(), []]);
      }),
    );
  });
});
