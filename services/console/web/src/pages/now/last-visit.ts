/** Visits that are shorter apart count as one. */
const pauseMs = 30 * 60_000;

export interface Visit {
  /** End of the visit before this one; null in the first. */
  previous: string | null;
  seenAt: string;
}

/** The visit as of now: a pause begins another one. */
export function visitAt(known: Visit | null, now: Date): Visit {
  const seenAt = now.toISOString();
  if (known === null) return { previous: null, seenAt };
  if (now.getTime() - Date.parse(known.seenAt) < pauseMs) return { ...known, seenAt };
  return { previous: known.seenAt, seenAt };
}

/** Text of a stored visit; null where it is none. */
export function readVisit(text: string | null): Visit | null {
  try {
    const { previous, seenAt } = JSON.parse(text ?? 'null') as Visit;
    return Number.isNaN(Date.parse(seenAt)) ? null : { previous, seenAt };
  } catch {
    return null;
  }
}

export function countSince(times: readonly string[], since: string): number {
  return times.filter((at) => Date.parse(at) > Date.parse(since)).length;
}
