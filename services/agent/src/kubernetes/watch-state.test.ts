import { afterStep, nextStep, type WatchOutcome, type WatchState } from './watch-state.js';

const hour = 3_600_000;
const now = { nowMs: 1_000, random: 0 };
const initial: WatchState = { resourceVersion: null, failures: 0, resyncDueMs: 0 };
const watching: WatchState = { resourceVersion: '7', failures: 0, resyncDueMs: 5_000 };
const failure: WatchOutcome = { kind: 'failed', resourceVersion: '7', hasProgress: false, retryAfterMs: 0 };

describe('nextStep', () => {
  it('lists first, then watches, and lists everything again when that is due', () => {
    expect(nextStep(initial, 1_000)).toEqual({ kind: 'list', isResync: false });
    expect(nextStep(watching, 4_999)).toEqual({ kind: 'watch', resourceVersion: '7' });
    expect(nextStep(watching, 5_000)).toEqual({ kind: 'list', isResync: true });
  });
});

describe('afterStep', () => {
  it('watches behind a list, and sets the next resync', () => {
    const listed = { kind: 'listed', resourceVersion: '9', isResync: false } as const;
    expect(afterStep(initial, listed, now)).toEqual({
      state: { resourceVersion: '9', failures: 0, resyncDueMs: 1_000 + 12 * hour },
      pauseMs: 0,
    });
  });

  it('leaves the time of a resync as it is when a list had another reason', () => {
    const listed = { kind: 'listed', resourceVersion: '9', isResync: false } as const;
    expect(afterStep(watching, listed, now).state.resyncDueMs).toBe(5_000);
    expect(afterStep(watching, { ...listed, isResync: true }, now).state.resyncDueMs).toBe(1_000 + 12 * hour);
  });

  it('lists again when the version is too old', () => {
    const { state } = afterStep(watching, { kind: 'expired' }, now);
    expect(nextStep(state, 1_000)).toEqual({ kind: 'list', isResync: false });
  });

  it('pauses longer each time that a list works and its watch does not', () => {
    let state = initial;
    const pauses: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      state = afterStep(state, { kind: 'listed', resourceVersion: '9', isResync: false }, now).state;
      const after = afterStep(state, { kind: 'expired' }, now);
      state = after.state;
      pauses.push(after.pauseMs);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000]);
  });

  it('goes on behind the last stored event after a failure, and waits as long as it is asked to', () => {
    expect(afterStep(watching, { ...failure, resourceVersion: '8', retryAfterMs: 9_000 }, now)).toEqual({
      state: { ...watching, resourceVersion: '8', failures: 1 },
      pauseMs: 9_000,
    });
  });

  it('forgets failures once a watch has worked', () => {
    const often = { ...watching, failures: 5 };
    expect(afterStep(often, { ...failure, hasProgress: true }, now).state.failures).toBe(1);
    expect(afterStep(often, { kind: 'ended', resourceVersion: '8' }, now).state.failures).toBe(0);
  });
});
