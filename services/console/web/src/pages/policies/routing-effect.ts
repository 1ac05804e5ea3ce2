import type { Routing } from '../../api/types.js';

/** Effect of a change of the managed routing, as the end of its announcement. */
export function effectText(state: Routing['state']): string {
  return state === 'overridden'
    ? 'but the routing.yaml of the notifier stays in effect'
    : 'and in effect within seconds';
}
