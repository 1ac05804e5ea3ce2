/** One attempt of GitHub to deliver something to a hook. */
export interface HookAttempt {
  id: number;
  /** Identifies the content, the same over all attempts. */
  guid: string;
  atMs: number;
  /** HTTP status; 0 where there was no answer. */
  status: number;
  /** `registry_package` */
  event: string;
}

/** Events about images; a ping that did not arrive is no loss. */
const events: ReadonlySet<string> = new Set(['package', 'registry_package']);
/** Attempts after which a delivery is not requested again: its cause is one that another attempt does not fix. */
const maxAttempts = 5;
/** GitHub lists an attempt before it has its answer. */
const settledMs = 120_000;

/** Attempts to request again, and whether no delivery remains that may need it later. */
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
