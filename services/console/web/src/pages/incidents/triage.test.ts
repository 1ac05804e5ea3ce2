import { neighborOf, sortByUrgency, stagesText } from './triage.js';

describe('sortByUrgency', () => {
  it('puts open before ended, worse before milder, then the higher score', () => {
    const at = (state: 'open' | 'resolved', severity: 'critical' | 'low', score: number) => ({
      ...{ state, severity, score, lastSeen: '2026-01-01T00:00:00Z' },
    });
    const sorted = [
      at('open', 'critical', 90),
      at('open', 'critical', 10),
      at('open', 'low', 95),
      at('resolved', 'critical', 99),
    ];
    expect(sortByUrgency(sorted.toReversed())).toEqual(sorted);
  });
});

describe('neighborOf', () => {
  it.each([
    [undefined, 1, 'a'],
    ['a', 1, 'b'],
    ['b', -1, 'a'],
    ['c', 1, 'c'],
    ['gone', 1, 'a'],
  ] as const)('goes from %s by %i to %s', (chosen, step, next) => {
    expect(neighborOf(['a', 'b', 'c'], chosen, step)).toBe(next);
  });

  it('chooses nothing in an empty list', () => {
    expect(neighborOf([], undefined, 1)).toBeUndefined();
  });
});

describe('stagesText', () => {
  it('names each stage once, and a step without one by its title', () => {
    const steps = [
      { stage: 'execution', title: 'a' },
      { stage: 'execution', title: 'b' },
      { stage: null, title: 'Odd login' },
    ];
    expect(stagesText(steps)).toBe('execution → Odd login');
  });
});
