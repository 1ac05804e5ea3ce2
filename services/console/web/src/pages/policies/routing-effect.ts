import type { Routing } from '../../api/types.js';

/** What follows from a change of the managed routing in this state. */
export function effectText(state: Routing['state']): string {
  return state === 'overridden'
    ? 'but the routing.yaml of the notifier stays in effect'
    : 'and in effect within seconds';
}
