import { severities } from '@tidewaiter/domain';
import type { incidentFields } from '@tidewaiter/query';

import { columnsOf, type RowOf } from '../core/columns.js';
import { rankSql, type RowList } from '../core/lists.js';
import { IncidentRow } from './incident-rows.js';

const severityRank = rankSql('severity', severities);

/** Expression of the last revision by which an incident is acknowledged, or no longer is. */
const acknowledgement = (sql: string) => `(SELECT ${sql} FROM incident_revision WHERE incident_id = incident.id
  AND kind IN ('acknowledged', 'worsened', 'reopened') ORDER BY revision DESC LIMIT 1)`;
const isAcknowledged = `${acknowledgement('kind')} = 'acknowledged'`;
const ifAcknowledged = (column: string) =>
  acknowledgement(`CASE WHEN kind = 'acknowledged' THEN incident_revision.${column} END`);

/** Acknowledgement of an incident; null without one, and where it has become worse since. */
interface Acknowledgement {
  acknowledgedBy: string | null;
  acknowledgedAt: Date | null;
}

const isSnoozed = 'snoozed_until > now()';

/** An incident without its evidence, which may be long. A snooze that is over counts as none. */
export const incidentColumns = columnsOf(IncidentRow, {
  omit: ['storyId', 'storyRevision', 'evidence', 'snoozedUntil'],
}).computed<Pick<IncidentRow, 'snoozedUntil'> & Acknowledgement>({
  snoozedUntil: `CASE WHEN ${isSnoozed} THEN snoozed_until END`,
  acknowledgedBy: ifAcknowledged('actor'),
  acknowledgedAt: ifAcknowledged('at'),
});

/** Incidents as a list. Ids are not in the order of time, numbers are. */
export const incidentList = {
  columns: incidentColumns,
  from: 'FROM incident',
  key: { sql: 'number', type: 'bigint' },
  fields: {
    severity: { rank: 'severity', order: severities },
    state: { text: 'state' },
    acknowledged: { flag: isAcknowledged },
    assigned: { flag: 'assignee IS NOT NULL' },
    assignee: { text: 'assignee' },
    snoozed: { flag: isSnoozed },
    workload: { text: 'workload' },
    namespace: { text: 'namespace' },
    cluster: { text: 'cluster' },
    image: { text: 'image' },
    digest: { text: 'image_digest' },
    rule: { texts: `ARRAY(SELECT rule ->> 'title' FROM jsonb_array_elements(rules) AS rule)` },
    technique: { texts: 'techniques' },
    finding: { texts: 'findings' },
    number: { number: 'number' },
    score: { number: 'score' },
    events: { number: 'count' },
    opened: { time: 'opened_at' },
    seen: { time: 'last_seen::timestamptz' },
    resolved: { time: 'resolved_at' },
    by: { text: 'resolved_by' },
    resolution: { text: 'resolution' },
  },
  presets: [
    { unlessNamed: 'state', condition: `state <> 'merged'` },
    { unlessNamed: 'snoozed', condition: `(${isSnoozed}) IS NOT TRUE` },
  ],
  title: 'title',
  words: ['title', 'sentence', 'workload', 'image'],
  sorts: {
    number: { sql: 'number', type: 'bigint' },
    urgency: { sql: `(${severityRank} * 1000 + score)`, type: 'bigint' },
    severity: { sql: severityRank, type: 'bigint' },
    seen: { sql: 'last_seen', type: 'text' },
    opened: { sql: 'opened_at', type: 'timestamptz' },
    events: { sql: 'count', type: 'bigint' },
  },
} as const satisfies RowList<RowOf<typeof incidentColumns>, keyof typeof incidentFields>;
