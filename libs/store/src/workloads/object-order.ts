/** Fields of a state of a Kubernetes object that decide its order in time. */
export interface ObjectMoment {
  /** `resourceVersion`; null if the source has none for this state. */
  version: string | null;
  changedAt: Date;
  isGone: boolean;
}

/**
 * Whether a state is newer than the known one, the same, or older. Versions of a cluster are
 * numbers that only grow; if one of the two has none, time decides. At the same moment a deletion
 * wins, and a stored state wins over the request that caused it.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 */
export function orderOfStates(state: ObjectMoment, known: ObjectMoment): 'newer' | 'same' | 'older' {
  const order = compare(state, known);
  if (order !== 0) return order > 0 ? 'newer' : 'older';
  if (known.isGone !== state.isGone) return state.isGone ? 'newer' : 'older';
  if (state.version !== null && known.version === null) return 'newer';
  return state.version === null && known.version !== null ? 'older' : 'same';
}

function compare(a: ObjectMoment, b: ObjectMoment): number {
  if (a.version !== null && b.version !== null) return Number(BigInt(a.version) - BigInt(b.version));
  const [atMs, knownMs] = [a.changedAt.getTime(), b.changedAt.getTime()];
  // Objects have whole seconds, requests have fractions.
  return a.version === b.version ? atMs - knownMs : Math.floor(atMs / 1_000) - Math.floor(knownMs / 1_000);
}
