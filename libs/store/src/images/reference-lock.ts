import type { Transaction } from '../core/store.js';

/** Key of the lock; any number that no other lock has. */
const referenceLock = '7261946352087713';

/**
 * Locks the references between tags, images, layers and packages until the transaction ends. A
 * transaction that adds a reference shares the lock. One that deletes unreferenced rows holds it
 * alone, and so sees every reference.
 */
export async function lockReferences(tx: Transaction, mode: 'shared' | 'exclusive'): Promise<void> {
  if (mode === 'exclusive') return void (await tx.query(`SELECT pg_advisory_xact_lock(${referenceLock})`));
  if (!sharing.has(tx)) await shareReferences(tx, [], []);
}

/**
 * Shares the lock of {@link lockReferences}, and then takes others by the same statement.
 * @param locks calls of functions, with `parameters`
 */
export async function shareReferences(
  tx: Transaction,
  locks: readonly string[],
  parameters: readonly unknown[],
): Promise<void> {
  const first = sharing.has(tx) ? [] : [`pg_advisory_xact_lock_shared(${referenceLock})`];
  await tx.query(`SELECT ${[...first, ...locks].join(', ')}`, parameters);
  sharing.add(tx);
}

/** Transactions that share the lock already. */
const sharing = new WeakSet<Transaction>();
