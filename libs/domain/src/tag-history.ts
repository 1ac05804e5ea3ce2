import type { Digest } from './image.js';

/** One entry of a tag's history: what the tag pointed to from then on. */
export interface TagEntry {
  /** Null where the tag was deleted. */
  digest: Digest | null;
  pushId: string | null;
  /** The registry was seen to have it; the push that brought it is not known (yet). */
  isSeen: boolean;
  /** When it was pushed by the registry's clock; null where the registry gave no time, and of seen entries. */
  pushedAtMs: number | null;
  atMs: number;
}

/** A push that is to enter the history of its tag. */
export interface TagPush {
  id: string;
  digest: Digest;
  /** By the registry's clock, which may be wrong. */
  pushedAtMs: number | null;
  /** By our clock. */
  receivedAtMs: number;
}

/** Position of a push in the history of its tag. */
export interface TagPlacement {
  /** Index of the seen entry that the push stands for and that is removed; null where there is none. */
  replaced: number | null;
  /** Index that the push has in the history without the replaced entry. */
  index: number;
  atMs: number;
  /** Entry that has to follow at the end, so that the history ends with what the registry has; null where it does already. */
  seen: Pick<TagEntry, 'digest' | 'pushId'> | null;
}

/**
 * Finds the place of a push in the history of its tag. The registry's answer decides what the tag points to now; its times order
 * what the answer cannot. Webhooks arrive late and in any order, and clocks are wrong: a time alone never makes a push current.
 * @param history in order, without the push
 * @param registryDigest what the tag points to now, null where it is gone
 */
export function placePush(history: readonly TagEntry[], push: TagPush, registryDigest: Digest | null): TagPlacement {
  const replaced = replacedEntry(history, push);
  const others = replaced === null ? history : history.toSpliced(replaced, 1);
  const [from, to] = boundsOf(others, push.pushedAtMs);
  const keepsPlace = replaced !== null && replaced >= from && replaced <= to;
  const index = keepsPlace ? replaced : insertionIndex(others, push, registryDigest, to);
  const after = others.slice(index);
  const last = after.at(-1) ?? push;
  // A clock that runs ahead must not put a push into the future.
  const atMs = Math.min(push.pushedAtMs ?? push.receivedAtMs, push.receivedAtMs);
  return {
    replaced,
    index,
    atMs: Math.min(Math.max(atMs, others[index - 1]?.atMs ?? -Infinity), after[0]?.atMs ?? Infinity),
    seen: last.digest === registryDigest ? null : seenEntry(others, push, registryDigest),
  };
}

/**
 * The seen entry that the push brought: one where its time allows it, or else one whose push was not known. The place of that one
 * was a guess, which the time of the push corrects.
 */
function replacedEntry(history: readonly TagEntry[], push: TagPush): number | null {
  const [from, to] = boundsOf(history, push.pushedAtMs);
  const isOwn = ({ isSeen, digest }: TagEntry) => isSeen && digest === push.digest;
  const inBounds = history.findIndex((entry, index) => index >= from && index < to && isOwn(entry));
  if (inBounds >= 0) return inBounds;
  const guessed = history.findIndex((entry) => isOwn(entry) && entry.pushId === null);
  return guessed < 0 ? null : guessed;
}

/** The range of indices that the registry's own times allow. */
function boundsOf(history: readonly TagEntry[], pushedAtMs: number | null): [from: number, to: number] {
  if (pushedAtMs === null) return [0, history.length];
  const later = history.findIndex((entry) => entry.pushedAtMs !== null && entry.pushedAtMs > pushedAtMs);
  const to = later < 0 ? history.length : later;
  const from = history.slice(0, to).findLastIndex((entry) => entry.pushedAtMs !== null) + 1;
  return [from, to];
}

function insertionIndex(
  history: readonly TagEntry[],
  push: TagPush,
  registryDigest: Digest | null,
  to: number,
): number {
  const last = history.at(-1);
  if (last === undefined) return 0;
  const hasTag = push.digest === registryDigest;
  if (last.digest !== registryDigest) return hasTag ? history.length : to;
  if (hasTag || to < history.length) return to;
  // The history ends with what the registry has. Only the registry's own clock can say that another push came after that,
  // and that the tag was moved back since.
  const isLater = push.pushedAtMs !== null && last.pushedAtMs !== null && push.pushedAtMs > last.pushedAtMs;
  return isLater ? to : history.length - 1;
}

/** The last push that brought the digest stands for it until its own push is known. */
function seenEntry(history: readonly TagEntry[], push: TagPush, digest: Digest | null): TagPlacement['seen'] {
  if (digest === null) return { digest, pushId: null };
  if (digest === push.digest) return { digest, pushId: push.id };
  return { digest, pushId: history.findLast((entry) => entry.digest === digest)?.pushId ?? null };
}
