import { createHash } from 'node:crypto';

import type { OutgoingMessage } from './sender.js';

/**
 * Key by which a channel recognizes messages about the same subject: an incident keeps one key from
 * opening to end, anything else has that of its group. Hashed, since channels limit its length and
 * show it.
 */
export function dedupKey({ message, alerts, groupKey, receiver }: OutgoingMessage): string {
  const [alert] = alerts;
  const subject = message.kind === 'incident' && alert ? alert.identity : `${receiver}\n${groupKey}`;
  return createHash('sha256').update(subject).digest('hex');
}
