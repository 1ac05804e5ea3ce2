import type { Baseline } from '@tidewaiter/domain';
import { type DataOf, type Draft, draft, imageAnalyzed, tagMoved } from '@tidewaiter/events';
import { type PushChanges, summaryOf } from '@tidewaiter/integrity';
import type { Push } from '@tidewaiter/store';

import type { PushEvaluation } from './evaluate-push.js';
import { pushSubject } from './push-subject.js';

/** Context of the announcement of a push, besides its evaluation. */
export interface PushContext {
  baseline: Baseline | null;
  /** Null if the push equals its baseline or has none. */
  changes: PushChanges | null;
  /** Fingerprints of findings that wait for a signature. */
  awaited: readonly string[];
  /** Whether the push was announced before. */
  again?: boolean;
}

/** Events of a push after an evaluation that is announced. */
export function pushEvents(
  push: Push,
  evaluation: PushEvaluation,
  { baseline, changes, awaited, again = false }: PushContext,
): Draft[] {
  const { platforms, counts, verdict } = evaluation;
  const { id: pushId, connection, repository, tag, previousDigest } = push;
  const place = { pushId, connection, repository, tag };
  const summary = changes && summaryOf(changes);
  const analyzed = draft(imageAnalyzed, pushSubject(push), {
    ...place,
    digest: push.digest!,
    previousDigest,
    comparedWith: baseline && baselineOf(baseline),
    platforms,
    counts,
    verdict,
    changes: summary,
    ...(awaited.length > 0 && { awaited: [...awaited] }),
    ...(again && { again }),
  });
  // A late push moved the tag in the past: another push announces what the tag points to now.
  const isMove = baseline?.reason === 'same-tag' && !push.isLate;
  return summary && isMove ? [analyzed, movedEvent(push, summary)] : [analyzed];
}

function movedEvent(push: Push, summary: NonNullable<DataOf<typeof imageAnalyzed>['changes']>): Draft {
  const { id: pushId, connection, repository } = push;
  return draft(tagMoved, pushSubject(push), {
    pushId,
    connection,
    repository,
    tag: push.tag!,
    oldDigest: push.previousDigest!,
    newDigest: push.digest!,
    ...summary,
  });
}

/** Baseline in the form of events. */
function baselineOf({ tag, digest, reason, line }: Baseline): Baseline {
  return { tag, digest, reason, line };
}
