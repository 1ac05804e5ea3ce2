import { type DataOf, draft, type Draft, registryDeleted, registryPushed } from '@tidewaiter/events';
import type { NewPush } from '@tidewaiter/store';
import type { EventIdentity } from '@tidewaiter/webhooks';

/**
 * Push or deletion of a webhook; `deliveryKey` is the same when its connection delivers it again,
 * `identity` says why.
 */
export type RegistryNotice = { deliveryKey: string; identity: EventIdentity } & (
  | { kind: 'push'; push: NewPush }
  | { kind: 'deletion'; deletion: DataOf<typeof registryDeleted> }
);

/** Drafts of the events of one webhook, in its order. */
export function eventsOf(facts: readonly RegistryNotice[], pushIds: ReadonlyMap<NewPush, string>): Draft[] {
  return facts.map((fact) =>
    fact.kind === 'push'
      ? pushedDraft(fact.push, pushIds.get(fact.push))
      : draft(registryDeleted, subjectOf(fact.deletion), fact.deletion),
  );
}

function pushedDraft(push: NewPush, pushId = ''): Draft {
  const { connection, repository, tag, claimedDigest: digest } = push;
  return draft(registryPushed, subjectOf(push), { pushId, connection, repository, tag, digest });
}

function subjectOf({ repository, tag }: { repository: string; tag: string | null }): string {
  return tag === null ? repository : `${repository}:${tag}`;
}
