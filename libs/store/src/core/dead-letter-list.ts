import type { deadLetterFields } from '@tidewaiter/query';

import { columnsOf, type RowOf } from './columns.js';
import { DeadLetterRow } from './event-rows.js';
import type { RowList } from './lists.js';

/** Receiver and channel of a failed delivery, whose id is the subject. */
const channel = `(SELECT delivery.receiver || ' by ' || delivery.channel FROM delivery WHERE dead_letter.worker = 'delivery'
  AND delivery.id = CASE WHEN dead_letter.subject ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN dead_letter.subject::uuid END)`;

const columns = columnsOf(DeadLetterRow, { omit: ['payload'] });
const listed = columns.computed<{ channel: string | null }>({ channel });

/** An event or job that failed after all retries, with the reason. */
export type DeadLetter = RowOf<typeof columns>;

/** A dead letter, with the channel of a failed delivery. */
export type ListedDeadLetter = RowOf<typeof listed>;

/** Dead letters as a list. */
export const deadLetterList = {
  columns: listed,
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
  title: `concat_ws(' ', worker, subject, code)`,
  words: ['subject', 'worker', 'code', 'reason'],
  sorts: {
    created: { sql: 'created_at', type: 'timestamptz' },
    attempts: { sql: 'attempts', type: 'bigint' },
  },
} as const satisfies RowList<ListedDeadLetter, keyof typeof deadLetterFields>;
