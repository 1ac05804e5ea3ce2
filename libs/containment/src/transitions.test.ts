import { containmentStates } from '@tidewaiter/domain';

import { mayFollow } from './transitions.js';

describe('mayFollow', () => {
  it('never repeats a state, and ends', () => {
    for (const state of containmentStates) expect(mayFollow(state, state)).toBe(false);
    for (const state of ['refused', 'failed', 'undone'] as const)
      expect(containmentStates.filter((next) => mayFollow(state, next))).toEqual([]);
  });

  it('lets an agent that was away report what it did in time', () => {
    expect(mayFollow('expired', 'done')).toBe(true);
    expect(mayFollow('expired', 'accepted')).toBe(false);
  });
});
