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
  if (sharing.has(tx)) return;
  await tx.query(`SELECT pg_advisory_xact_lock_shared(${referenceLock})`);
  sharing.add(tx);
}

/** Transactions that share the lock already. */
const sharing = new WeakSet<Transaction>();
