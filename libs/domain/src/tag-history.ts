import type { Digest } from './image.js';

/** Entry of a tag's history: the digest since then. */
export interface TagEntry {
  /** Null if the tag was deleted. */
  digest: Digest | null;
  pushId: string | null;
  /** Whether only the registry reported it; its push is not known (yet). */
  isSeen: boolean;
  /**
   * Time of the push by the registry's clock; null if the registry has none, and for seen entries.
   */
  pushedAtMs: number | null;
  atMs: number;
}

/** Push to insert into the history of its tag. */
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
  /** Index of the seen entry that the push replaces; null without one. */
  replaced: number | null;
  /** Index of the push in the history without the replaced entry. */
  index: number;
  atMs: number;
  /**
   * Entry to append, so that the history ends with the registry's digest; null if it already does.
   */
  seen: Pick<TagEntry, 'digest' | 'pushId'> | null;
}

/**
 * Finds the place of a push in the history of its tag. The registry's answer decides the current
 * digest; its times order the other entries. Webhooks arrive late and in any order, and clocks are
 * wrong: a time alone never makes a push current.
 * @param history in order, without the push
 * @param registryDigest current digest of the tag, null if it was deleted
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
 * Seen entry of the push: one that its time allows, or else one whose push was not known. The place
 * of the latter was a guess, which the time of the push corrects.
 */
function replacedEntry(history: readonly TagEntry[], push: TagPush): number | null {
  const [from, to] = boundsOf(history, push.pushedAtMs);
  const isOwn = ({ isSeen, digest }: TagEntry) => isSeen && digest === push.digest;
  const inBounds = history.findIndex((entry, index) => index >= from && index < to && isOwn(entry));
  if (inBounds >= 0) return inBounds;
  const guessed = history.findIndex((entry) => isOwn(entry) && entry.pushId === null);
  return guessed < 0 ? null : guessed;
}

/** Range of indices that the registry's own times allow. */
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
  // The history ends with the registry's digest. Only the registry's own clock can prove that
  // another push came after that, and that the tag was moved back since.
  const isLater = push.pushedAtMs !== null && last.pushedAtMs !== null && push.pushedAtMs > last.pushedAtMs;
  return isLater ? to : history.length - 1;
}

/** The last push of the digest represents it until its own push is known. */
function seenEntry(history: readonly TagEntry[], push: TagPush, digest: Digest | null): TagPlacement['seen'] {
  if (digest === null) return { digest, pushId: null };
  if (digest === push.digest) return { digest, pushId: push.id };
  return { digest, pushId: history.findLast((entry) => entry.digest === digest)?.pushId ?? null };
}
