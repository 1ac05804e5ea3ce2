/** One attempt of GitHub to deliver something to a hook. */
export interface HookAttempt {
  id: number;
  /** What was to be delivered: the same over all attempts. */
  guid: string;
  atMs: number;
  /** Of HTTP; 0 where there was no answer. */
  status: number;
  /** `registry_package` */
  event: string;
}

/** What tells of images; that a ping did not arrive is no loss. */
const events: ReadonlySet<string> = new Set(['package', 'registry_package']);
/** What was tried so often fails for a reason that another attempt does not mend. */
const maxAttempts = 5;
/** GitHub notes an attempt before it has its answer. */
const settledMs = 120_000;

/** What is asked for again, and whether there is something that may have to be, later. */
export interface Redeliveries {
  /** Ids of attempts, those of the oldest deliveries first. */
  ids: number[];
  isSettled: boolean;
}

/**
 * Which deliveries never arrived: of each guid the newest attempt, where none was answered as it should.
 * @param max how many are asked for at once
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
