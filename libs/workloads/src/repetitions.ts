import { RecentMap } from '@tidewaiter/collections';
import type { Observation } from '@tidewaiter/domain';

import { slotMs } from './attributed.js';
import { containerIdOf } from './claims.js';

/** Limit on containers whose latest claims are remembered. */
const maxRemembered = 50_000;
/** Sensors whose events all make the same claims about their container. */
const ordinary = new Set<Observation['source']>(['tetragon', 'tracee']);

interface LastClaims extends Pick<Observation, 'cluster' | 'container' | 'pod' | 'node'> {
  id: string;
  slot: number;
}

/**
 * Latest claims of sensors about containers. Nearly all events repeat them, and making and merging
 * claims takes longer than all other processing of an event.
 */
export class Repetitions {
  /** By the id of the container as the sensor reports it. */
  readonly #last = new RecentMap<LastClaims>(maxRemembered);

  /**
   * Returns the id of the container if an event only repeats known claims; null if it may have new
   * ones.
   */
  repeatedIn({ source, cluster, container, pod, node, timeMs }: Observation): string | null {
    const last = container?.id && ordinary.has(source) ? this.#last.get(container.id) : undefined;
    if (!last || last.slot !== Math.floor(timeMs / slotMs)) return null;
    if (last.node !== node || last.cluster !== cluster) return null;
    return isEqual(last.container, container) && isEqual(last.pod, pod) ? last.id : null;
  }

  remember({ source, cluster, container, pod, node, timeMs }: Observation): void {
    const id = container && ordinary.has(source) ? containerIdOf(container.id) : null;
    if (!container?.id || id === null) return;
    this.#last.set(container.id, { cluster, container, pod, node, id, slot: Math.floor(timeMs / slotMs) });
  }
}

/** Whether two flat records of primitive values are equal. */
function isEqual(a: object | null, b: object | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  for (const key in a) {
    if ((a as Record<string, unknown>)[key] !== (b as Record<string, unknown>)[key]) return false;
  }
  return true;
}
