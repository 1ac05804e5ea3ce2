import type { LeaseShares } from '@tidewaiter/store';

/** Leases that a replica releases, and the number of free ones that it takes. */
export interface ShareChange {
  release: string[];
  take: number;
}

/**
 * Balances the leases, so that all replicas hold about the same number. Each rounds its share up:
 * together they have room for all leases, and no replica releases a lease that no other would take.
 */
export function rebalance({ replicas, mine, free }: LeaseShares, leases: number): ShareChange {
  const share = Math.ceil(leases / Math.max(replicas, 1));
  if (mine.length > share) return { release: mine.slice(share), take: 0 };
  return { release: [], take: Math.min(share - mine.length, free.length) };
}
