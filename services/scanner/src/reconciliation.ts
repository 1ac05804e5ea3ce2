import type { Digest } from '@tidewaiter/domain';
import type { KnownTag } from '@tidewaiter/store';

/** What a look at a repository means. */
export interface Reconciled {
  /** Tags of which nobody told us what they point to now. */
  missed: FoundTag[];
  /** Newest tags of a repository that were there when the registry was connected. The others are known, and not brought in. */
  imported: FoundTag[];
  /** Tags that the ledger has, and the registry has not, without a webhook about it. */
  gone: string[];
  /** Tags whose ledger ends with something else than the registry has. */
  wrong: Map<string, Digest>;
}

export interface FoundTag {
  tag: string;
  digest: Digest;
}

/**
 * Compares what a registry has with the ledger of its tags. A push that may be on its way is not missed: the next look decides.
 * @param isBaseline whether the registry was only just connected, so that what is there is not news
 * @param newest how many tags of a repository that is seen for the first time are brought in
 */
export function reconcile(
  found: ReadonlyMap<string, Digest>,
  known: readonly KnownTag[],
  { isFirstLook, isBaseline, newest }: { isFirstLook: boolean; isBaseline: boolean; newest: number },
): Reconciled {
  const before = new Map(known.map((each) => [each.tag, each]));
  const all = [...found].map(([tag, digest]) => ({ tag, digest }));
  const unknown = all.filter(({ tag, digest }) => isMissed(before.get(tag), digest));
  // A tag of which there was a push once is watched from then on, even before the first look.
  const watched = unknown.filter(({ tag }) => before.has(tag));
  const others = unknown.filter(({ tag }) => !before.has(tag));
  const fresh = isFirstLook ? others.toSorted(newestFirst).slice(0, newest) : others;
  return {
    missed: isBaseline && isFirstLook ? watched : [...watched, ...fresh],
    imported: isBaseline && isFirstLook ? fresh : [],
    gone: known
      .filter(({ tag, current, isOnItsWay }) => !found.has(tag) && current !== null && !isOnItsWay)
      .map(({ tag }) => tag),
    wrong: new Map(
      all.flatMap(({ tag, digest }): [string, Digest][] => {
        const each = before.get(tag);
        return each?.isInLedger && each.current !== digest ? [[tag, digest]] : [];
      }),
    ),
  };
}

/** Whether no push accounts for what a tag points to. */
function isMissed(known: KnownTag | undefined, digest: Digest): boolean {
  if (known === undefined) return true;
  if (known.isOnItsWay) return false;
  if (known.isInLedger) return known.current !== digest || !known.isPushed;
  return known.seen !== digest;
}

const natural = new Intl.Collator('en', { numeric: true });

/** A registry does not say when a tag came; `latest` is what people run, and of the others the highest number. */
function newestFirst(a: FoundTag, b: FoundTag): number {
  if (a.tag === 'latest' || b.tag === 'latest') return a.tag === 'latest' ? -1 : 1;
  return natural.compare(b.tag, a.tag);
}
