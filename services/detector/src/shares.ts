import type { LeaseShares } from '@tidewaiter/store';

/** Which leases a replica lets go, and how many of the free ones it takes. */
export interface ShareChange {
  release: string[];
  take: number;
}

/**
 * What one replica does so that all hold about the same number. Each rounds its share up: together they then have room for all, and nobody
 * lets go what no other would take.
 */
export function changeOfShare({ replicas, mine, free }: LeaseShares, leases: number): ShareChange {
  const share = Math.ceil(leases / Math.max(replicas, 1));
  if (mine.length > share) return { release: mine.slice(share), take: 0 };
  return { release: [], take: Math.min(share - mine.length, free.length) };
}
