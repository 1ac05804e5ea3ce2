import type { Digest } from '@tidewaiter/domain';
import type { KnownTag } from '@tidewaiter/store';

/** What a look at a repository means. */
export interface Reconciled {
  /** Tags of which nobody told us what they point to now. */
  missed: FoundTag[];
  /** Of a repository at which we look for the first time: its newest tags. The others are known, and not brought in. */
  imported: FoundTag[];
  /** Tags that were there, and are not any more, without anybody having said so. */
  gone: string[];
  /** What counts as seen from now on: of what may be on its way, what was seen before, or the next look could not tell. */
  seen: Map<string, Digest>;
}

export interface FoundTag {
  tag: string;
  digest: Digest;
}

/**
 * Compares what a registry has with what is known of it. What somebody told us is not missed, and neither is what may be on its way
 * just now: the next look will tell.
 * @param newest how many tags of a repository that is seen for the first time are brought in
 */
export function reconcile(
  found: ReadonlyMap<string, Digest>,
  known: readonly KnownTag[],
  { isFirstLook, newest }: { isFirstLook: boolean; newest: number },
): Reconciled {
  const before = new Map(known.map((each) => [each.tag, each]));
  const untold = [...found]
    .filter(([tag, digest]) => {
      const { seen = null, told = null, isOnItsWay = false } = before.get(tag) ?? {};
      return digest !== told && digest !== seen && !isOnItsWay;
    })
    .map(([tag, digest]) => ({ tag, digest }));
  // A tag whose push was told of once is watched from then on, even before anybody looked.
  const [watched, others] = [untold.filter(({ tag }) => before.has(tag)), untold.filter(({ tag }) => !before.has(tag))];
  const seen = new Map(
    [...found].flatMap(([tag, digest]): [string, Digest][] => {
      const { seen: earlier = null, told = null, isOnItsWay = false } = before.get(tag) ?? {};
      if (!isOnItsWay || digest === told) return [[tag, digest]];
      return earlier === null ? [] : [[tag, earlier]];
    }),
  );
  const gone = known.filter(({ tag, told, isOnItsWay }) => !found.has(tag) && told !== null && !isOnItsWay);
  return {
    missed: isFirstLook ? watched : untold,
    imported: isFirstLook ? others.toSorted(newestFirst).slice(0, newest) : [],
    gone: gone.map(({ tag }) => tag),
    seen,
  };
}

const natural = new Intl.Collator('en', { numeric: true });

/** A registry does not say when a tag came; `latest` is what people run, and of the others the highest number. */
function newestFirst(a: FoundTag, b: FoundTag): number {
  if (a.tag === 'latest' || b.tag === 'latest') return a.tag === 'latest' ? -1 : 1;
  return natural.compare(b.tag, a.tag);
}
