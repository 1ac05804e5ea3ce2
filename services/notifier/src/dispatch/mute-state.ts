import { Injectable } from '@nestjs/common';
import type { Labels } from '@tidewaiter/domain';
import { Inhibitions, type InhibitRule, parseMatchers, MuteSnapshot, Silences } from '@tidewaiter/routing';
import { FiringAlerts, SilenceLedger } from '@tidewaiter/store';

/**
 * Whether silences have changed is asked again after this time, so that one that was just made
 * holds soon.
 */
const keptMs = 1_000;
/**
 * A transaction takes this long in general, and at most that long until what it changed is seen by
 * others.
 */
const [usualMs, longestMs] = [250, 10_000];

/** Keeps what is silent and what fires in memory, and asks only for what has changed. */
@Injectable()
export class MuteState {
  readonly #inhibitions: Inhibitions;
  readonly #firing = new Map<string, Labels>();
  #silences = new Silences([]);
  #silencesAt = -Infinity;
  #silencesVersion = '';
  #changesAt: Date | null = null;
  #refreshing: Promise<void> | null = null;

  constructor(
    private readonly rules: readonly InhibitRule[],
    private readonly ledger: SilenceLedger,
    private readonly alerts: FiringAlerts,
  ) {
    this.#inhibitions = new Inhibitions(rules);
  }

  /** @param isFresh whether silences are asked for, however lately they were */
  async now(isFresh = false): Promise<MuteSnapshot> {
    if (isFresh) this.#silencesAt = -Infinity;
    // Handlers that come meanwhile share the answer.
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    await this.#refreshing;
    return new MuteSnapshot(this.#silences, this.#inhibitions, Date.now());
  }

  async #refresh(): Promise<void> {
    const isDue = performance.now() - this.#silencesAt > keptMs;
    if (isDue) await this.#readSilences();
    if (this.rules.length === 0) return;
    // Looking far back each time would read everything of ten seconds for every event of them.
    const { alerts, at } = await this.alerts.changedSince(this.#changesAt, isDue ? longestMs : usualMs);
    for (const { id, labels, status } of alerts) this.#put(id, status === 'firing' ? labels : null);
    this.#changesAt = at;
  }

  async #readSilences(): Promise<void> {
    this.#silencesAt = performance.now();
    const version = await this.ledger.version();
    if (version === this.#silencesVersion) return;
    const open = await this.ledger.open();
    this.#silences = new Silences(
      open.map(({ startsAt, endsAt, matchers, ...silence }) => ({
        ...silence,
        matchers: matchers.flatMap((text) => parseMatchers(text)),
        startsAtMs: startsAt.getTime(),
        endsAtMs: endsAt.getTime(),
      })),
    );
    this.#silencesVersion = version;
  }

  /** An alert may have other labels than before, and be another one's reason no more. */
  #put(id: string, labels: Labels | null): void {
    const before = this.#firing.get(id);
    if (before) this.#inhibitions.resolve({ id, labels: before });
    if (labels === null || !this.#inhibitions.isSource(labels)) this.#firing.delete(id);
    else {
      this.#firing.set(id, labels);
      this.#inhibitions.fire({ id, labels });
    }
  }
}
