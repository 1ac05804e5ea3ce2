import { type PersistedMap, RecentMap } from '@tidewaiter/collections';
import type { Observation } from '@tidewaiter/domain';

import { containerKey } from './container-key.js';

const maxAnswers = 20_000;
const maxAnswersOfOne = 32;

/**
 * Passive DNS: names by address, learned from observed look-ups, since sensors report only the
 * address of a connection. A container's own look-ups take precedence over those of others in the
 * cluster, since many names share the addresses of a CDN.
 */
export class PassiveDns {
  readonly #names = new RecentMap<string>(maxAnswers);

  /** Records the answers of a look-up. */
  note(observation: Observation): void {
    const { network } = observation;
    if (network?.hostname == null) return;
    for (const address of network.answers.slice(0, maxAnswersOfOne)) {
      for (const key of keys(observation, address)) this.#names.set(key, network.hostname);
    }
  }

  /** Adds the known name of the destination to `observation`. */
  named(observation: Observation): Observation {
    const { activity, network } = observation;
    if (activity !== 'connect' || network === null || network.hostname !== null || network.destinationIp === null)
      return observation;
    for (const key of keys(observation, network.destinationIp)) {
      const hostname = this.#names.get(key);
      if (hostname !== undefined) return { ...observation, network: { ...network, hostname } };
    }
    return observation;
  }

  snapshot(): PersistedMap<string> {
    return this.#names.snapshot();
  }

  restore(kept: PersistedMap<string>): void {
    this.#names.restore(kept);
  }
}

function keys(observation: Observation, address: string): string[] {
  const container = containerKey(observation);
  const shared = `${observation.cluster ?? ''}:${address}`;
  return container === null ? [shared] : [`${container}:${address}`, shared];
}
