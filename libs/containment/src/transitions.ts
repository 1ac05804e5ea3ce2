import type { ContainmentState } from '@tidewaiter/domain';

/**
 * States that follow on each. An expired order may turn out to be done: the agent acted in time and
 * reported late. A report that repeats a state, or comes after the end, changes nothing.
 */
const following: Readonly<Record<ContainmentState, readonly ContainmentState[]>> = {
  requested: ['ordered', 'refused', 'expired'],
  ordered: ['accepted', 'done', 'refused', 'failed', 'expired'],
  accepted: ['done', 'refused', 'failed', 'expired'],
  expired: ['done', 'failed'],
  done: ['undone'],
  refused: [],
  failed: [],
  undone: [],
};

export function mayFollow(state: ContainmentState, next: ContainmentState): boolean {
  return following[state].includes(next);
}
