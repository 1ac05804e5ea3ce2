import * as fc from 'fast-check';

import type { EventContext } from '../events/event-context.js';
import type { WideMatch } from './wide-correlations.js';
import { repeatsWaitMs, WideRepeats } from './wide-repeats.js';

const matchOf = (index: number, user: string, timeMs: number): WideMatch => {
  const happened = { event: `e${index}`, at: new Date(timeMs).toISOString(), timeMs: timeMs - 1 };
  const scene = { ...happened, explanation: `${user} is refused`, keys: [`identity:${user}`] } as EventContext;
  return { id: `e${index}`, timeMs, rules: ['refused'], fields: { 'Request.User': user }, isFact: false, scene };
};

/** Expands a match into its repeats, as a receiver does. */
const unfolded = ({ repeats = [], ...match }: WideMatch): WideMatch[] => [
  ...repeats.map(({ id, timeMs, happened }) => ({
    ...match,
    id,
    timeMs,
    scene: { ...match.scene, event: id, ...happened },
  })),
  match,
];

const sketches = fc.array(fc.record({ user: fc.constantFrom('a', 'b'), pauseMs: fc.nat(300), isKept: fc.boolean() }));

describe('WideRepeats', () => {
  it('passes on every match unchanged, across snapshots at any time', () => {
    fc.assert(
      fc.property(sketches, (each) => {
        const [given, passed]: [WideMatch[], WideMatch[]] = [[], []];
        let repeats = new WideRepeats((match) => passed.push(match));
        let nowMs = 1_000_000;
        for (const [index, { user, pauseMs, isKept }] of each.entries()) {
          nowMs += pauseMs;
          repeats.advance(nowMs);
          const match = matchOf(index, user, nowMs);
          given.push(match);
          repeats.add(match);
          if (!isKept) continue;
          const restored = new WideRepeats((one) => passed.push(one));
          restored.restore(JSON.parse(JSON.stringify(repeats.snapshot())) as ReturnType<WideRepeats['snapshot']>);
          repeats = restored;
        }
        repeats.advance(nowMs + repeatsWaitMs);
        const byId = (a: WideMatch, b: WideMatch) => Number(a.id.slice(1)) - Number(b.id.slice(1));
        expect(passed.flatMap(unfolded).toSorted(byId)).toEqual(given);
      }),
    );
  });

  it('passes on the first match at once and its repeats together', () => {
    const passed: WideMatch[] = [];
    const repeats = new WideRepeats((match) => passed.push(match));
    for (let index = 0; index < 5000; index += 1) {
      repeats.advance(index);
      repeats.add(matchOf(index, 'a', index));
    }
    expect(passed[0]).toEqual(matchOf(0, 'a', 0));
    // Two in each half second.
    expect(passed).toHaveLength(19);
    expect(passed[1]).toMatchObject({ id: 'e499', repeats: { length: 498 } });
  });

  it('limits the wait of repeats and batches only equal matches', () => {
    const passed: WideMatch[] = [];
    const repeats = new WideRepeats((match) => passed.push(match));
    for (let index = 0; index < 5000; index += 1) repeats.add(matchOf(index, 'a', 0));
    expect(passed.map((match) => match.repeats?.length ?? 0)).toEqual([0, 1000, 0, 1000, 0, 1000, 0, 1000, 0]);
    repeats.add(matchOf(1, 'b', 0));
    repeats.add({ ...matchOf(2, 'c', 0), rules: ['other'] });
    expect(passed.slice(-2).map(({ id }) => id)).toEqual(['e1', 'e2']);
  });
});
