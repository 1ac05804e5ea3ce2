import { createHash } from 'node:crypto';

import type { DeliveryRow } from './delivery-rows.js';

/**
 * Fact that a delivery reports: its kind, and names that the fact keeps when it is found again. The
 * ids of events are none of them, as a restored database makes new ones.
 */
export type DeliveryCause = readonly [
  kind:
    | 'push'
    | 'finding'
    | 'sensor'
    | 'state'
    | 'correction'
    | 'reminder'
    | 'fallback'
    | 'repetition'
    | 'test'
    | 'audit'
    | 'report'
    | 'image'
    | 'view',
  ...names: (string | number)[],
];

/** Facts that happen once under their names: an event that reports one again repeats the first. */
const uniqueKinds: ReadonlySet<DeliveryCause[0]> = new Set([
  'state',
  'sensor',
  'correction',
  'fallback',
  'audit',
  'report',
]);

/**
 * Whether a fact happens once. After a restore its event may come twice, under two ids: NATS still
 * has the one, and the repeated work publishes the other.
 */
export function happensOnce([kind, , what]: DeliveryCause): boolean {
  return uniqueKinds.has(kind) || ((kind === 'push' || kind === 'image') && what === 'analyzed');
}

/**
 * Id of a delivery, derived from its fact and its place. So a message that is sent again after
 * PostgreSQL was restored carries the id that its receiver knows.
 * @param occurrence number of earlier deliveries about the same fact in the same place
 * @see RFC 9562, section 5.8 (UUID version 8)
 */
export function deliveryId(
  cause: DeliveryCause,
  { receiver, channel, integration, groupKey }: Pick<DeliveryRow, 'receiver' | 'channel' | 'integration' | 'groupKey'>,
  occurrence: number,
): string {
  const name = JSON.stringify([cause, receiver, channel, integration, groupKey, occurrence]);
  const bytes = createHash('sha256').update(`tidewaiter delivery ${name}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
