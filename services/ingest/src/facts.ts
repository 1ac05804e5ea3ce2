import type { RuntimeEvent } from '@tidewaiter/domain';
import { type DataOf, draft, type Draft, registryDeleted, registryPushed, runtimeObserved } from '@tidewaiter/events';
import type { NewPush } from '@tidewaiter/store';

/** One thing that a webhook tells; `deliveryKey` is the same when its connection tells it again. */
export type Fact = { deliveryKey: string } & (
  | { kind: 'push'; push: NewPush }
  | { kind: 'deletion'; deletion: DataOf<typeof registryDeleted> }
  | { kind: 'runtime'; event: RuntimeEvent }
);

/** A message holds 256 KiB of events at most; the rest is for the envelope around them. */
const maxEventBytes = 252 * 1024;

/** The events about what one webhook told: pushes and deletions in its order, then what a sensor saw in as few as fit. */
export function draftsOf(facts: readonly Fact[], pushIds: ReadonlyMap<NewPush, string>): Draft[] {
  const drafts: Draft[] = [];
  const observed: RuntimeEvent[] = [];
  for (const fact of facts) {
    if (fact.kind === 'push') drafts.push(pushedDraft(fact.push, pushIds.get(fact.push)));
    else if (fact.kind === 'deletion') drafts.push(draft(registryDeleted, subjectOf(fact.deletion), fact.deletion));
    else observed.push(fact.event);
  }
  for (const events of batches(observed)) drafts.push(observedDraft(events));
  return drafts;
}

function pushedDraft(push: NewPush, pushId = ''): Draft {
  const { connection, repository, tag, claimedDigest: digest } = push;
  return draft(registryPushed, subjectOf(push), { pushId, connection, repository, tag, digest });
}

function subjectOf({ repository, tag }: { repository: string; tag: string | null }): string {
  return tag === null ? repository : `${repository}:${tag}`;
}

function observedDraft(events: RuntimeEvent[]): Draft {
  const sensor = events[0]?.sensor ?? '';
  return draft(runtimeObserved, sensor, { sensor, events });
}

/** A single event is always below the limit: its reader cuts the texts. */
function* batches(events: readonly RuntimeEvent[]): Generator<RuntimeEvent[]> {
  let batch: RuntimeEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const eventBytes = Buffer.byteLength(JSON.stringify(event)) + 1;
    if (bytes + eventBytes > maxEventBytes && batch.length > 0) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(event);
    bytes += eventBytes;
  }
  if (batch.length > 0) yield batch;
}
