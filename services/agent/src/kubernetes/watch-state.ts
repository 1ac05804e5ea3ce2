import { backOffMs } from '../back-off.js';

/** Progress of the watch of one resource. */
export interface WatchState {
  /** Version up to which events are on disk; null before the first list. */
  resourceVersion: string | null;
  /** Failures since the last watch that worked. */
  failures: number;
  /** Unix time in milliseconds from which on everything is listed again. */
  resyncDueMs: number;
}

export type WatchStep = { kind: 'list'; isResync: boolean } | { kind: 'watch'; resourceVersion: string };

/** Outcome of a step. */
export type WatchOutcome =
  | { kind: 'listed'; resourceVersion: string; isResync: boolean }
  /** The API server ended a watch, as it does after some minutes. */
  | { kind: 'ended'; resourceVersion: string }
  /** 410: the API server no longer has the changes since this version. */
  | { kind: 'expired' }
  | { kind: 'failed'; resourceVersion: string | null; hasProgress: boolean; retryAfterMs: number };

/** The hub confirms once a day that a pod still runs, however long it stays unchanged. */
const resyncEveryMs = 12 * 3_600_000;
const endedPauseMs = 1_000;

/** The step that follows from a state. */
export function nextStep({ resourceVersion, resyncDueMs }: WatchState, nowMs: number): WatchStep {
  if (resourceVersion === null) return { kind: 'list', isResync: false };
  return nowMs >= resyncDueMs ? { kind: 'list', isResync: true } : { kind: 'watch', resourceVersion };
}

/**
 * The state after a step, and the pause before the next.
 * @param random between 0 and 1
 */
export function afterStep(
  state: WatchState,
  outcome: WatchOutcome,
  { nowMs, random }: { nowMs: number; random: number },
): { state: WatchState; pauseMs: number } {
  switch (outcome.kind) {
    case 'listed': {
      const { resourceVersion, isResync } = outcome;
      const isDue = isResync || state.resyncDueMs === 0;
      const resyncDueMs = isDue ? nowMs + resyncEveryMs * (1 - random / 4) : state.resyncDueMs;
      // A watch may fail after each list: only one that works forgets the failures.
      return { state: { ...state, resourceVersion, resyncDueMs }, pauseMs: 0 };
    }
    case 'ended':
      return {
        state: { ...state, resourceVersion: outcome.resourceVersion, failures: 0 },
        pauseMs: Math.round(endedPauseMs * random),
      };
    case 'expired':
      return failed({ ...state, resourceVersion: null }, 0, random);
    case 'failed': {
      const { resourceVersion, hasProgress, retryAfterMs } = outcome;
      return failed({ ...state, resourceVersion, failures: hasProgress ? 0 : state.failures }, retryAfterMs, random);
    }
  }
}

function failed(state: WatchState, retryAfterMs: number, random: number): { state: WatchState; pauseMs: number } {
  const failures = state.failures + 1;
  return { state: { ...state, failures }, pauseMs: Math.max(retryAfterMs, backOffMs(failures, random)) };
}
