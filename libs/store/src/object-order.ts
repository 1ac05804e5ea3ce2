/** A state of an object of Kubernetes, as far as its place in time depends on it. */
export interface ObjectMoment {
  /** `resourceVersion`; null where the source had none of this state. */
  version: string | null;
  changedAt: Date;
  isGone: boolean;
}

/**
 * Whether a state replaces the one that is known, is the same moment again, or came late. Versions of a cluster are numbers that only grow; where
 * one of the two has none, time decides. At one moment a deletion is the last word, and the state that is stored counts more than a request for it.
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
