import { workloadState } from './workload-state.js';

describe('workloadState', () => {
  it.each([
    [2, '2026-01-01T00:00:00Z', 'running'],
    [0, '2026-01-01T00:00:00Z', 'ended'],
    [0, null, 'not seen running'],
  ])('of %d containers, last seen %s, is %s', (containers, lastSeen, state) => {
    expect(workloadState({ containers, lastSeen })).toBe(state);
  });
});
