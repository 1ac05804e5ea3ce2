import type { containmentFields } from '@tidewaiter/query';

import { columnsOf, type RowOf } from '../core/columns.js';
import type { RowList } from '../core/lists.js';
import { ContainmentOrderRow } from './containment-rows.js';

const columns = columnsOf(ContainmentOrderRow, { omit: ['envelope', 'report', 'evidence'] });

/** A containment order without what its agent reported. */
export type ListedOrder = RowOf<typeof columns>;

/** Containment orders as a list. */
export const containmentList = {
  columns,
  from: 'FROM containment_order',
  key: { sql: 'id', type: 'uuid' },
  fields: {
    state: { text: 'state' },
    action: { text: 'action' },
    cluster: { text: 'cluster' },
    namespace: { text: 'namespace' },
    kind: { text: `subject ->> 'kind'` },
    object: { text: `subject ->> 'name'` },
    incident: { text: 'incident_id::text' },
    by: { text: 'author' },
    approver: { text: 'approved_by' },
    dryrun: { flag: 'dry_run' },
    undo: { flag: 'undoes IS NOT NULL' },
    code: { text: 'code' },
    created: { time: 'created_at' },
    expires: { time: 'expires_at' },
  },
  title: `concat_ws(' ', action, subject ->> 'name')`,
  words: [`(subject ->> 'name')`, 'namespace', 'cluster', 'author', 'reason', 'code'],
  sorts: {
    created: { sql: 'created_at', type: 'timestamptz' },
    expires: { sql: 'expires_at', type: 'timestamptz' },
  },
} as const satisfies RowList<ListedOrder, keyof typeof containmentFields>;
