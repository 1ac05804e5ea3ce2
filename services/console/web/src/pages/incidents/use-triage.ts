import { useQueryClient } from '@tanstack/react-query';

import {
  acknowledgeIncident,
  assignIncident,
  commentIncident,
  reopenIncident,
  resolveIncident,
  snoozeIncident,
  unsnoozeIncident,
} from '../../api/changes.js';
import type { Incident } from '../../api/types.js';
import { notify } from '../../parts/toasts.js';
import { dropDraft } from './comment-drafts.js';
import { doneText, type TriageAct } from './triage-acts.js';

export type Triaged = Pick<Incident, 'id' | 'number'>;

/** Requests that are sent at once. */
const together = 4;

/** Acts on some incidents and announces the result; returns the ids of those that it changed. */
export function useTriage(): (act: TriageAct, incidents: readonly Triaged[]) => Promise<ReadonlySet<string>> {
  const client = useQueryClient();
  return async (act, incidents) => {
    const left = [...incidents];
    const done: Triaged[] = [];
    const failures: string[] = [];
    const work = async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        try {
          await perform(act, next.id);
          done.push(next);
        } catch (error) {
          failures.push(`INC-${next.number}: ${(error as Error).message}`);
        }
      }
    };
    await Promise.all(Array.from({ length: together }, work));
    if (done.length > 0)
      notify(
        doneText(
          act,
          done.map(({ number }) => number),
        ),
      );
    const [first] = failures;
    if (first === undefined && 'comment' in act) dropDraft(incidents);
    if (first !== undefined) notify(failures.length === 1 ? first : `${first}, and ${failures.length - 1} more`, true);
    await client.invalidateQueries({ queryKey: ['incidents'] });
    keepFocus();
    return new Set(done.map(({ id }) => id));
  };
}

/** Frames within which what an answer takes away is gone from the page. */
const maxFrames = 30;

/**
 * The act may take the button away that has the focus, which then goes to the page. The answer is
 * rendered in some later frame: until then the button still has it.
 */
function keepFocus(framesLeft = maxFrames): void {
  if (document.activeElement === document.body) document.getElementById('main')?.focus({ preventScroll: true });
  else if (framesLeft > 0) requestAnimationFrame(() => keepFocus(framesLeft - 1));
}

export function perform(act: TriageAct, id: string): Promise<unknown> {
  switch (act.kind) {
    case 'acknowledge':
      return acknowledgeIncident(id);
    case 'unsnooze':
      return unsnoozeIncident(id);
    case 'reopen':
      return reopenIncident(id);
    case 'assign':
      return assignIncident(id, act.assignee);
    case 'snooze':
      return snoozeIncident(id, act.until.toISOString());
    case 'comment':
      return commentIncident(id, act.comment);
    case 'resolve':
      return resolveIncident(id, { reason: act.reason, ...(act.comment !== '' && { comment: act.comment }) });
  }
}
