import { levels } from '@tidewaiter/detection';
import type { ruleFields } from '@tidewaiter/query';

import { columnsOf, type RowOf } from '../core/columns.js';
import { rankSql, type RowList } from '../core/lists.js';
import { DetectionRuleRow } from './detection-rows.js';

const columns = columnsOf(DetectionRuleRow, { only: ['rule'] });

const key = (name: string) => `(rule ->> '${name}')`;

/** Rules of the detector as a list. */
export const ruleList = {
  columns,
  from: 'FROM detection_rule',
  key: { sql: 'number', type: 'bigint' },
  fields: {
    state: { text: key('state') },
    kind: { text: key('kind') },
    level: { rank: key('level'), order: levels },
    status: { text: key('status') },
    id: { text: key('id') },
    title: { text: key('title') },
    author: { text: key('author') },
    license: { text: key('license') },
    tag: { texts: `ARRAY(SELECT jsonb_array_elements_text(rule -> 'tags'))` },
    file: { text: key('file') },
    part: { flag: `(rule -> 'isPart')::boolean` },
  },
  title: `coalesce(${key('title')}, ${key('id')})`,
  words: [key('title'), key('id'), key('file')],
  sorts: {
    place: { sql: 'number', type: 'bigint' },
    level: { sql: `coalesce(${rankSql(key('level'), levels)}, -1)`, type: 'bigint' },
    title: { sql: `coalesce(${key('title')}, '')`, type: 'text' },
  },
} as const satisfies RowList<RowOf<typeof columns>, keyof typeof ruleFields>;
