import type { Delivery } from '../../api/types.js';
import { Stamp, type StampKind } from '../../parts/marks.js';

const kinds: Record<Delivery['state'], StampKind> = {
  held: 'waiting',
  pending: 'waiting',
  sending: 'waiting',
  retrying: 'unknown',
  sent: 'good',
  superseded: 'neutral',
  merged: 'neutral',
  suppressed: 'neutral',
  failed: 'broken',
};

export function DeliveryStamp({ state }: { state: Delivery['state'] }) {
  return <Stamp kind={kinds[state]}>{state}</Stamp>;
}
