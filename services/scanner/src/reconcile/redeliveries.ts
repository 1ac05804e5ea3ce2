/** One attempt of GitHub to deliver an event to a hook. */
export interface HookAttempt {
  id: number;
  /** Identifies the content across all attempts. */
  guid: string;
  atMs: number;
  /** HTTP status; 0 without an answer. */
  status: number;
  /** `registry_package` */
  event: string;
}

/** Events about images; a lost ping does not matter. */
const events: ReadonlySet<string> = new Set(['package', 'registry_package']);
/**
 * Attempts after which a delivery is not requested again, because further attempts do not fix its
 * cause.
 */
const maxAttempts = 5;
/** GitHub lists an attempt before its answer arrives. */
const settledMs = 120_000;

/** Attempts to request again, and whether all deliveries are settled. */
export interface Redeliveries {
  /** Ids of attempts, those of the oldest deliveries first. */
  ids: number[];
  isSettled: boolean;
}

/**
 * Finds deliveries that never arrived: for each guid without a successful attempt, the newest one.
 * @param max limit on deliveries requested at once
 */
export function redeliveriesOf(
  attempts: readonly HookAttempt[],
  { nowMs, max }: { nowMs: number; max: number },
): Redeliveries {
  const byGuid = Map.groupBy(
    attempts.filter(({ event }) => events.has(event)),
    ({ guid }) => guid,
  );
  const failed = [...byGuid.values()].filter((all) => all.length < maxAttempts && all.every(isFailed)).map(newest);
  const due = failed.filter(({ atMs }) => atMs <= nowMs - settledMs).toSorted((a, b) => a.atMs - b.atMs);
  return { ids: due.slice(0, max).map(({ id }) => id), isSettled: failed.length === 0 };
}

function isFailed({ status }: HookAttempt): boolean {
  return status < 200 || status > 299;
}

function newest(attempts: readonly HookAttempt[]): HookAttempt {
  return attempts.reduce((a, b) => (b.atMs > a.atMs ? b : a));
}
