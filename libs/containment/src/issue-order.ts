import type { KeyObject } from 'node:crypto';

import type { ContainmentOrder } from './order.js';
import { type OrderEnvelope, signOrder } from './signed-order.js';

/** An order before it is signed. */
export type OrderDraft = Omit<ContainmentOrder, 'version' | 'issuedAt' | 'expiresAt'>;

/** Signs an order that is valid from now on. */
export function issueOrder(
  draft: OrderDraft,
  { key, now, validForMs }: { key: KeyObject; now: number; validForMs: number },
): { envelope: OrderEnvelope; expiresAt: Date } {
  const expiresAt = new Date(now + validForMs);
  const times = { issuedAt: new Date(now).toISOString(), expiresAt: expiresAt.toISOString() };
  return { envelope: signOrder({ version: 1, ...draft, ...times }, key), expiresAt };
}
