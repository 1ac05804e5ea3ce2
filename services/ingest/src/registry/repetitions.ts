import type { ReceivedContent, ReceivedKey } from '@tidewaiter/store';

import { type ArrivedNotice, nameOfSubject, type RegistryNotice } from './registry-notice.js';

/**
 * Time within which the same content about a tag may be a repeated delivery: senders without an id
 * repeat a hook that timed out within seconds, if at all.
 */
export const repetitionWindowMs = 30_000;

/** Key of the last content about the tag of a notice. */
export function contentKeyOf({ connection, notice }: Pick<ArrivedNotice, 'connection' | 'notice'>): ReceivedKey {
  return { connection, deliveryKey: `content ${nameOfSubject(notice)}` };
}

/**
 * Returns which notices of senders without an identity are new, and the contents that they leave.
 * A notice is a repetition if the last one about its tag was the same and arrived just before; two
 * pushes of a tag send the same body, so that one whose digest has been asked for already is never
 * repeated.
 * @param stored last content of each tag
 * @param isAwaiting whether the digest of the tag of a push without digest has yet to be asked for
 */
export function newContents(
  notices: readonly ArrivedNotice[],
  stored: readonly ReceivedContent[],
  isAwaiting: (notice: RegistryNotice) => boolean,
): { isNew: boolean[]; changed: ReceivedContent[] } {
  const last = new Map(stored.map((each) => [nameOf(each), { ...each, isChanged: false }]));
  const isNew = notices.map((each) => {
    const key = contentKeyOf(each);
    const before = last.get(nameOf(key));
    const isCovered = before?.isChanged || isNamed(each.notice) || isAwaiting(each.notice);
    if (before?.content === each.notice.deliveryKey && isCovered && isWithinWindow(before.receivedAt, each))
      return false;
    const receivedAt = new Date(each.receivedAtMs);
    last.set(nameOf(key), { ...key, content: each.notice.deliveryKey, receivedAt, isChanged: true });
    return true;
  });
  const changed = [...last.values()].filter((each) => each.isChanged).map(({ isChanged: _, ...content }) => content);
  return { isNew, changed };
}

/** Whether the notice itself names what it is about: a digest, or a deletion. */
function isNamed(notice: RegistryNotice): boolean {
  return notice.kind === 'deletion' || notice.push.claimedDigest !== null;
}

/** The clocks of two replicas may differ. */
function isWithinWindow(before: Date, { receivedAtMs }: ArrivedNotice): boolean {
  return Math.abs(receivedAtMs - before.getTime()) < repetitionWindowMs;
}

function nameOf({ connection, deliveryKey }: ReceivedKey): string {
  return `${connection}\n${deliveryKey}`;
}
