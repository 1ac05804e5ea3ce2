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

/** Drafts of the events of one webhook, in its order. They have all that is stored of it. */
export function eventsOf(
  { connection, facts }: { connection: string; facts: readonly RegistryNotice[] },
  pushIds: ReadonlyMap<NewPush, string>,
): Draft[] {
  return facts.map((fact) => {
    // A content counts as repeated for seconds only.
    const hook = fact.identity === 'content' ? undefined : { connection, deliveryKey: fact.deliveryKey };
    return fact.kind === 'push'
      ? pushedDraft(fact.push, hook, pushIds.get(fact.push))
      : draft(registryDeleted, subjectOf(fact.deletion), { ...fact.deletion, hook });
  });
}

function pushedDraft(push: NewPush, hook: DataOf<typeof registryPushed>['hook'], pushId = ''): Draft {
  const { connection, repository, tag, claimedDigest: digest, origin = 'hook', ...others } = push;
  const announced = { ...others, origin };
  return draft(registryPushed, subjectOf(push), { pushId, connection, repository, tag, digest, announced, hook });
}

function subjectOf({ repository, tag }: { repository: string; tag: string | null }): string {
  return tag === null ? repository : `${repository}:${tag}`;
}
