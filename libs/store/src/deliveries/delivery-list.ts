import type { deliveryFields } from '@tidewaiter/query';
import { validate } from 'uuid';

import { columnsOf, type RowOf } from '../core/columns.js';
import type { Parameters, RowList } from '../core/lists.js';
import { isAboutPush, isFallenBack } from './delivery-filter.js';
import { type DeliveryOrigin, DeliveryRow } from './delivery-rows.js';

export const deliveryColumns = columnsOf(DeliveryRow, {
  only: [
    'id',
    'eventId',
    'receiver',
    'channel',
    'integration',
    'route',
    'groupKey',
    'groupLabels',
    'state',
    'attempt',
    'reached',
    'reference',
    'code',
    'reason',
    'createdAt',
    'nextAt',
    'finishedAt',
  ],
}).computed<{
  alertCount: number;
  /** Delivery from which it was derived. */
  origin: { kind: DeliveryOrigin; id: string } | null;
}>({
  alertCount: 'jsonb_array_length(alerts)',
  origin: "CASE WHEN origin IS NOT NULL THEN jsonb_build_object('kind', origin, 'id', origin_id) END",
});

async function pushMatch(value: string, parameters: Parameters): Promise<string> {
  return validate(value) ? isAboutPush(parameters.add(value)) : 'false';
}

/** Deliveries as a list. */
export const deliveryList = {
  columns: deliveryColumns,
  from: 'FROM delivery',
  key: { sql: 'number', type: 'bigint' },
  fields: {
    state: { text: 'state' },
    fallback: { flag: isFallenBack },
    origin: { text: 'delivery.origin' },
    receiver: { text: 'receiver' },
    channel: { text: 'channel' },
    route: { text: 'route' },
    group: { text: 'group_key' },
    incident: { text: 'subject' },
    push: { match: pushMatch },
    code: { text: 'code' },
    attempts: { number: 'attempt' },
    alerts: { number: 'jsonb_array_length(alerts)' },
    created: { time: 'created_at' },
    finished: { time: 'finished_at' },
  },
  title: `concat_ws(' ', receiver, channel, state)`,
  words: ['receiver', 'route', 'group_key', 'code', 'reason'],
  sorts: {
    number: { sql: 'number', type: 'bigint' },
    finished: { sql: `coalesce(finished_at, 'infinity')`, type: 'timestamptz' },
    attempts: { sql: 'attempt', type: 'bigint' },
  },
} as const satisfies RowList<RowOf<typeof deliveryColumns>, keyof typeof deliveryFields>;
