import { levels } from '@tidewaiter/detection';
import type { alertFields } from '@tidewaiter/query';

import { columnsOf, type RowOf } from '../core/columns.js';
import { rankSql, type RowList } from '../core/lists.js';
import { DetectionAlertRow } from './detection-rows.js';

const columns = columnsOf(DetectionAlertRow, { of: 'detection_alert', only: ['alert'] }).computed<{
  /** Null where it belongs to none. */
  incidentId: string | null;
  /** Number in its name, `INC-7`. */
  incidentNumber: string | null;
}>({ incidentId: 'incident.id', incidentNumber: 'incident.number' });

const key = (name: string) => `(alert ->> '${name}')`;
const context = (name: string) => `(alert #>> '{context,${name}}')`;
const severity = 'detection_alert.severity';
const number = 'detection_alert.number';

/** Whether a later evaluation of its event, with more facts, has taken the place of the alert. */
const isRevised = `EXISTS (SELECT FROM detection_alert AS later WHERE later.alert ? 'revises'
  AND later.alert ->> 'revises' = coalesce(detection_alert.alert ->> 'revises', detection_alert.id)
  AND later.number > detection_alert.number)`;

/** Alerts of detection rules as a list, with their incidents. */
export const alertList = {
  columns,
  from: 'FROM detection_alert LEFT JOIN incident ON story_id = detection_alert.incident_id',
  key: { sql: number, type: 'bigint' },
  fields: {
    severity: { rank: severity, order: levels },
    rule: { texts: `ARRAY[alert #>> '{rule,title}', alert #>> '{rule,id}']` },
    technique: { texts: `ARRAY(SELECT jsonb_array_elements_text(alert -> 'techniques'))` },
    stage: { text: key('stage') },
    finding: { text: key('finding') },
    weight: { text: key('weight') },
    sensor: { flag: `(alert -> 'bySensor')::boolean` },
    cluster: { text: context('cluster') },
    node: { text: context('node') },
    namespace: { text: context('namespace') },
    workload: { text: context('workload') },
    pod: { text: context('pod') },
    container: { text: context('container') },
    image: { text: context('image') },
    digest: { text: context('imageDigest') },
    incident: { text: 'incident.id::text' },
    joined: { flag: 'incident.id IS NOT NULL' },
    revised: { flag: isRevised },
    at: { time: `${key('at')}::timestamptz` },
  },
  presets: [{ unlessNamed: 'revised', condition: `NOT ${isRevised}` }],
  title: `concat_ws(' in ', alert #>> '{rule,title}', ${context('workload')})`,
  words: [`(alert #>> '{rule,title}')`, key('title'), context('workload'), context('image')],
  sorts: {
    number: { sql: number, type: 'bigint' },
    severity: { sql: `coalesce(${rankSql(severity, levels)}, -1)`, type: 'bigint' },
    at: { sql: key('at'), type: 'text' },
  },
} as const satisfies RowList<RowOf<typeof columns>, keyof typeof alertFields>;
