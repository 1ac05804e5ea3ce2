import { RecentMap } from '@tidewaiter/collections';

import type { PodClaim } from './claims.js';
import { podKey } from './workload.js';

const maxAddresses = 100_000;

/** Pods by the addresses that they have now, as the watch reports them. */
export class PodAddresses {
  readonly #pods = new RecentMap<{ pod: string; account: string }>(maxAddresses);

  add(claim: PodClaim): void {
    const { cluster, namespace, serviceAccount, addresses = [], endedAtMs } = claim;
    const pod = podKey(claim);
    for (const address of addresses) {
      const at = keyOf(cluster, address);
      if (endedAtMs === null) this.#pods.set(at, { pod, account: `${namespace}:${serviceAccount ?? 'default'}` });
      // The next pod may already have the address of an ended one.
      else if (this.#pods.get(at)?.pod === pod) this.#pods.delete(at);
    }
  }

  accountAt(cluster: string | null, address: string): string | null {
    return this.#pods.get(keyOf(cluster, address))?.account ?? null;
  }
}

function keyOf(cluster: string | null, address: string): string {
  return `${cluster ?? ''}/${address}`;
}
