import type { deadLetterFields } from '@tidewaiter/query';

import { columnsOf, type RowOf } from './columns.js';
import { DeadLetterRow } from './event-rows.js';
import type { RowList } from './lists.js';

const columns = columnsOf(DeadLetterRow, { omit: ['payload'] });

/** An event or job that failed after all retries, with the reason. */
export type DeadLetter = RowOf<typeof columns>;

/** Dead letters as a list. */
export const deadLetterList = {
  columns,
  from: 'FROM dead_letter',
  key: { sql: 'id', type: 'uuid' },
  fields: {
    redriven: { flag: 'redriven_at IS NOT NULL' },
    stage: { text: 'stage' },
    worker: { text: 'worker' },
    subject: { text: 'subject' },
    code: { text: 'code' },
    attempts: { number: 'attempts' },
    created: { time: 'created_at' },
  },
  presets: [{ unlessNamed: 'redriven', condition: 'redriven_at IS NULL' }],
  words: ['subject', 'worker', 'code', 'reason'],
  sorts: {
    created: { sql: 'created_at', type: 'timestamptz' },
    attempts: { sql: 'attempts', type: 'bigint' },
  },
} as const satisfies RowList<DeadLetter, keyof typeof deadLetterFields>;
