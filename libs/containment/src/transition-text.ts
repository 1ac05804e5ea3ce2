import type { ContainmentAction, ContainmentState, ContainmentSubject } from '@tidewaiter/domain';

import { orderTitle } from './order.js';

/** The change of an order as a line of its incident; null for one that is no news. */
export function transitionText(
  {
    action,
    subject,
    dryRun,
    undoes,
  }: {
    action: ContainmentAction;
    subject: ContainmentSubject;
    dryRun: boolean;
    undoes: string | null;
  },
  { state, code = null, detail = null }: { state: ContainmentState; code?: string | null; detail?: string | null },
): string | null {
  // The order that undid it is news already.
  if (state === 'accepted' || state === 'undone') return null;
  const title = `${undoes === null ? '' : 'Undo: '}${orderTitle(action, subject)}${dryRun ? ' (dry run)' : ''}`;
  const reason = [code, detail].filter((part) => part !== null).join(': ');
  return `${title}: ${state}${reason === '' ? '' : ` (${reason})`}`;
}
