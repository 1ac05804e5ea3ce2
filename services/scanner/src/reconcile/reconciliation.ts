import type { Digest } from '@tidewaiter/domain';
import type { RegistryTagView } from '@tidewaiter/store';

/** Differences between the tags of a repository and the tag ledger. */
export interface Reconciled {
  /** Tags whose current digest no webhook reported. */
  missed: RegistryTagState[];
  /**
   * Newest tags of a repository that existed when the registry was connected. The others are known
   * and not imported.
   */
  imported: RegistryTagState[];
  /** Tags in the ledger that the registry no longer has, without a deletion webhook. */
  gone: string[];
  /** Tags whose last digest in the ledger differs from the registry's. */
  wrong: Map<string, Digest>;
}

export interface RegistryTagState {
  tag: string;
  digest: Digest;
}

/**
 * Compares the tags of a registry with its tag ledger. A push whose webhook may be on its way is
 * not missed: the next run decides.
 * @param isBaseline whether the registry was only just connected, so that its content is not
 * announced
 * @param newest limit on imported tags of a repository that is seen for the first time
 */
export function reconcile(
  found: ReadonlyMap<string, Digest>,
  known: readonly RegistryTagView[],
  { isFirstLook, isBaseline, newest }: { isFirstLook: boolean; isBaseline: boolean; newest: number },
): Reconciled {
  const before = new Map(known.map((each) => [each.tag, each]));
  const all = [...found].map(([tag, digest]) => ({ tag, digest }));
  const unknown = all.filter(({ tag, digest }) => isMissed(before.get(tag), digest));
  // A tag that was pushed before is watched, even before the first run.
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

/** Whether no push explains the digest of a tag. */
function isMissed(known: RegistryTagView | undefined, digest: Digest): boolean {
  if (known === undefined) return true;
  if (known.isOnItsWay) return false;
  if (known.isInLedger) return known.current !== digest || !known.isPushed;
  return known.seen !== digest;
}

const natural = new Intl.Collator('en', { numeric: true });

/**
 * Newest first. Registries do not report times of tags: `latest` is the tag in use, and of the
 * others the highest number is the newest.
 */
function newestFirst(a: RegistryTagState, b: RegistryTagState): number {
  if (a.tag === 'latest' || b.tag === 'latest') return a.tag === 'latest' ? -1 : 1;
  return natural.compare(b.tag, a.tag);
}
