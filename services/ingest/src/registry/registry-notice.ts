import { type DataOf, draft, type Draft, registryDeleted, registryPushed } from '@tidewaiter/events';
import type { NewPush, ReceivedKey } from '@tidewaiter/store';
import type { EventIdentity } from '@tidewaiter/webhooks';

/**
 * Push or deletion of a webhook; `deliveryKey` is the same when its connection delivers it again,
 * `identity` says why.
 */
export type RegistryNotice = { deliveryKey: string; identity: EventIdentity } & (
  | { kind: 'push'; push: NewPush }
  | { kind: 'deletion'; deletion: DataOf<typeof registryDeleted> }
);

/** Notice with its connection and the time at which it arrived. */
export interface ArrivedNotice {
  connection: string;
  notice: RegistryNotice;
  receivedAtMs: number;
}

/** Key of a notice: its sender's, or that of its arrival where the sender gives none. */
export function receivedKeyOf({ connection, notice, receivedAtMs }: ArrivedNotice): ReceivedKey {
  if (notice.identity !== 'content') return { connection, deliveryKey: notice.deliveryKey };
  return { connection, deliveryKey: `arrival ${nameOfSubject(notice)} ${notice.deliveryKey} ${receivedAtMs}` };
}

export function nameOfSubject(notice: RegistryNotice): string {
  const { repository, tag } = notice.kind === 'push' ? notice.push : notice.deletion;
  const digest = notice.kind === 'push' ? notice.push.claimedDigest : notice.deletion.digest;
  return tag === null ? `${repository}@${digest ?? ''}` : `${repository}:${tag}`;
}

/** Drafts of the events of one webhook, in its order. They have all that is stored of it. */
export function eventsOf(
  delivery: Omit<ArrivedNotice, 'notice'> & { facts: readonly RegistryNotice[] },
  pushIds: ReadonlyMap<NewPush, string>,
): Draft[] {
  return delivery.facts.map((fact) => {
    const hook = receivedKeyOf({ ...delivery, notice: fact });
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
