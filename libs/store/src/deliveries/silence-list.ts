import type { silenceFields } from '@tidewaiter/query';

import { columnsOf } from '../core/columns.js';
import type { RowList } from '../core/lists.js';
import { SilenceRow } from './alert-rows.js';

const hasEnded = 'ends_at <= now()';

/** Silences as a list. */
export const silenceList = {
  columns: columnsOf(SilenceRow),
  from: 'FROM silence',
  key: { sql: 'id', type: 'uuid' },
  fields: {
    ended: { flag: hasEnded },
    active: { flag: `starts_at <= now() AND ends_at > now()` },
    by: { text: 'created_by' },
    comment: { text: 'comment' },
    matcher: { texts: 'matchers' },
    starts: { time: 'starts_at' },
    ends: { time: 'ends_at' },
    created: { time: 'created_at' },
  },
  presets: [{ unlessNamed: 'ended', condition: `NOT (${hasEnded})` }],
  title: 'comment',
  words: ['comment', 'created_by', `array_to_string(matchers, ' ')`],
  sorts: {
    created: { sql: 'created_at', type: 'timestamptz' },
    ends: { sql: 'ends_at', type: 'timestamptz' },
    starts: { sql: 'starts_at', type: 'timestamptz' },
  },
} as const satisfies RowList<SilenceRow, keyof typeof silenceFields>;
