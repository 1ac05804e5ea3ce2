/** A claimed job with its lane, and whether no other one waited. */
interface Laned {
  isSlow: boolean;
  isLast: boolean;
}

/** Longest job of a source that counts as quick, once it has ended. */
export const quickMs = 10_000;

/** Time after which a job that was thought to be quick frees its slot: what it delays others by. */
export const overdueMs = 3_000;

/**
 * Slots that jobs of the slow lane may hold, and those that quick jobs free when they take long.
 */
function slowSlotsOf(slots: number): number {
  return Math.max(1, Math.floor(slots / 2));
}

/**
 * Jobs of a fair queue that one process may run at once, with those that took longer than expected.
 */
export function fairJobsAtOnce(slots: number): number {
  return slots + slowSlotsOf(slots);
}

/**
 * Slots of one process for a queue whose sources take turns: the ledger picks the job when a slot
 * is free. Jobs of the slow lane hold at most half of the slots, so that the others find one. A job
 * that was thought to be quick and takes long counts as slow, and frees its slot for another: it
 * goes on beside them.
 */
export class FairWork<Held extends Laned> {
  readonly #slots = new Set<Promise<void>>();
  readonly #slowSlots: number;
  #slow = 0;
  /** Jobs that run beside the slots, as they took longer than expected. */
  #overdue = 0;
  /** Whether a job may wait that no claim has looked for yet. */
  #isNews = false;
  #isClosed = false;

  constructor(
    private readonly slots: number,
    /** Claims the next job, of the slow lane only if `maySlow`. Must not throw. */
    private readonly claim: (maySlow: boolean) => Promise<Held | null>,
    /** Must not throw. */
    private readonly run: (job: Held) => Promise<void>,
    /** Called with a quick job that takes long. Must not throw. */
    private readonly onOverdue: (job: Held) => void = () => undefined,
  ) {
    this.#slowSlots = slowSlotsOf(slots);
  }

  /**
   * Begins jobs that were queued right now, while a slot is free for either lane; returns how many.
   * Another process has to be woken for the others.
   */
  begin(count: number): number {
    let begun = 0;
    while (begun < count && this.#hasRoom) {
      void this.serve();
      begun += 1;
    }
    return begun;
  }

  get #hasRoom(): boolean {
    return !this.#isClosed && this.#slots.size < this.slots && this.#slow < this.#slowSlots;
  }

  /** Works until no job is due, unless all slots do so already. */
  async serve(): Promise<void> {
    this.#isNews = true;
    if (this.#isClosed || this.#slots.size >= this.slots + this.#overdue) return;
    const slot = this.#work().finally(() => this.#slots.delete(slot));
    this.#slots.add(slot);
    await slot;
  }

  /** Claims nothing more and waits for running jobs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#slots);
  }

  async #work(): Promise<void> {
    while (!this.#isClosed) {
      this.#isNews = false;
      const goesOn = await this.#workOnce();
      // Another slot that waits for the answer of the ledger must not miss what arrived meanwhile.
      if (!goesOn && !this.#isNews) return;
      // It ran beside the slots.
      if (this.#slots.size > this.slots + this.#overdue) return;
    }
  }

  /**
   * Holds a slow slot during the claim, as several slots may claim at the same time.
   * @returns whether another job may wait for this slot: one of the slow lane, for a slow slot that
   * is free now
   */
  async #workOnce(): Promise<boolean> {
    const maySlow = this.#slow < this.#slowSlots;
    if (maySlow) this.#slow += 1;
    const job = await this.claim(maySlow);
    if (maySlow && !job?.isSlow) this.#slow -= 1;
    if (!job) return false;
    if (!job.isLast) this.#isNews = true;
    // Another slot may have claimed the job that waited: then it is no news any more.
    if (!job.isSlow) return this.#runQuick(job);
    await this.run(job);
    this.#slow -= 1;
    return true;
  }

  /** Returns whether it held a slow slot. */
  async #runQuick(job: Held): Promise<boolean> {
    let isBeside = false;
    const timer = setTimeout(() => {
      this.onOverdue(job);
      if (this.#overdue >= this.#slowSlots) return;
      isBeside = true;
      this.#overdue += 1;
      this.#slow += 1;
      void this.serve();
    }, overdueMs);
    timer.unref();
    await this.run(job);
    clearTimeout(timer);
    if (!isBeside) return false;
    this.#overdue -= 1;
    this.#slow -= 1;
    return true;
  }
}
