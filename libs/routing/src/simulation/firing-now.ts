import type { Labels } from '@tidewaiter/domain';

import { Inhibitions } from '../matching/inhibition.js';
import type { InhibitRule } from '../matching/inhibition.js';
import type { Silences } from '../matching/silence.js';
import { MuteSnapshot } from '../timing/mute-snapshot.js';
import type { PastAlert } from './past.js';

/**
 * Alerts that fire at a moment of a simulation, with the silences and inhibitions that suppress
 * others.
 */
export class FiringNow {
  readonly #inhibitions: Inhibitions;
  readonly #labels = new Map<string, Labels>();

  constructor(
    inhibitRules: readonly InhibitRule[],
    private readonly silences: Silences,
  ) {
    this.#inhibitions = new Inhibitions(inhibitRules);
  }

  /**
   * Records the status of an alert. Returns whether an alert ended or changed that may have
   * inhibited others.
   */
  record({ identity, labels, status }: PastAlert): boolean {
    const before = this.#labels.get(identity);
    if (before) this.#inhibitions.resolve({ id: identity, labels: before });
    if (status === 'resolved') this.#labels.delete(identity);
    else {
      this.#labels.set(identity, labels);
      this.#inhibitions.fire({ id: identity, labels });
    }
    return before !== undefined && this.#inhibitions.isSource(before);
  }

  has(identity: string): boolean {
    return this.#labels.has(identity);
  }

  /** Current labels of an alert; undefined unless it fires. */
  labelsOf(identity: string): Labels | undefined {
    return this.#labels.get(identity);
  }

  quiet(nowMs: number): MuteSnapshot {
    return new MuteSnapshot(this.silences, this.#inhibitions, nowMs);
  }
}
