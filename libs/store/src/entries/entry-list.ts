import type { EntryKind } from '@tidewaiter/domain';
import type {
  entrySources,
  entryStates,
  exceptionFields,
  policyFields,
  registryFields,
  reportFields,
  sensorFields,
  signerFields,
} from '@tidewaiter/query';

import { columnsOf, type RowOf } from '../core/columns.js';
import type { RowList, SqlField } from '../core/lists.js';
import { FileEntryRow } from './entry-rows.js';
import { newestVersions } from './managed-entries.js';

/** Value of a key of the document. */
const key = (name: string) => `(entry.document->>'${name}')`;
/** An exception holds until the end of its last day, in UTC. */
const ends = `((${key('until')}::date + 1)::timestamp AT TIME ZONE 'UTC')`;
const state = `CASE WHEN entry.is_overridden THEN 'overridden' WHEN ${ends} <= now() THEN 'expired' ELSE 'active' END`;
const source = `CASE WHEN entry.line IS NULL THEN 'managed' ELSE 'file' END`;

const columns = columnsOf(FileEntryRow, { of: 'entry', only: ['name', 'document'] }).computed<{
  source: (typeof entrySources)[number];
  state: (typeof entryStates)[number];
  /** Line in `tidewaiter.yaml`; null for a managed entry. */
  line: number | null;
  /** Null for an entry of the file, as are author, changedAt and comment. */
  version: number | null;
  author: string | null;
  changedAt: Date | null;
  comment: string | null;
  /** Paths of its secrets. */
  secrets: string[] | null;
  /** Last event of a sensor, complete reconciliation of a registry, or run of a report. */
  lastSeenAt: Date | null;
}>({
  source,
  state,
  line: 'entry.line',
  version: 'entry.version',
  author: 'entry.author',
  changedAt: 'entry.at',
  comment: 'entry.comment',
  secrets: 'entry.secrets',
  lastSeenAt: 'entry.last_seen_at',
});

/** An entry of the file, or a managed one in its newest version. */
export type EntryRow = RowOf<typeof columns>;

/** Time at which something was last heard of an entry with the alias `known`. */
const lastSeen: Partial<Record<EntryKind, string>> = {
  registries: '(SELECT completed_at FROM registry_look WHERE connection = known.name)',
  reports: '(SELECT max(made_at) FROM report_run WHERE report = known.name)',
  sensors: '(SELECT heard_at FROM sensor_contact WHERE sensor = known.name)',
};

/** Entries of both sources. Few: neither needs an index. */
const from = (kind: EntryKind) => `FROM (SELECT known.*, ${lastSeen[kind] ?? 'NULL::timestamptz'} AS last_seen_at FROM (
  SELECT name, document, NULL::int AS line, version, author, at, comment,
    ARRAY(SELECT jsonb_object_keys(sealed) ORDER BY 1) AS secrets,
    EXISTS (SELECT FROM file_entry WHERE file_entry.kind = managed.kind AND file_entry.name = managed.name) AS is_overridden
  FROM ${newestVersions(`kind = '${kind}'`)} AS managed
  UNION ALL
  SELECT name, document, line, NULL, NULL, NULL, NULL, NULL, false FROM file_entry WHERE kind = '${kind}'
) AS known) AS entry`;

const common = {
  name: { text: 'entry.name' },
  source: { text: source },
  state: { text: state },
  author: { text: 'entry.author' },
  changed: { time: 'entry.at' },
} as const satisfies Record<string, SqlField>;

const repositories: SqlField = {
  texts: `ARRAY(SELECT jsonb_array_elements_text(coalesce(entry.document->'repositories', '["*"]')))`,
};

function entryList<Name extends string>(kind: EntryKind, fields: Readonly<Record<Name, SqlField>>) {
  return {
    columns,
    from: from(kind),
    key: { sql: `(entry.name || CASE WHEN entry.line IS NULL THEN '' ELSE ' file' END)`, type: 'text' },
    fields,
    title: 'entry.name',
    words: ['entry.name', 'entry.document::text', `coalesce(entry.comment, '')`],
    sorts: {
      name: { sql: 'entry.name', type: 'text' },
      changed: { sql: `coalesce(entry.at, 'epoch')`, type: 'timestamptz' },
      until: { sql: `coalesce(${ends}, 'infinity')`, type: 'timestamptz' },
    },
  } as const satisfies RowList<EntryRow, Name>;
}

/** Lists of the entries of each kind. */
export const entryLists = {
  exceptions: entryList<keyof typeof exceptionFields>('exceptions', {
    ...common,
    finding: { text: key('finding') },
    repository: { text: key('repository') },
    owner: { text: key('owner') },
    approver: { text: key('approver') },
    until: { time: ends },
  }),
  policies: entryList<keyof typeof policyFields>('policies', {
    ...common,
    mode: { text: `coalesce(${key('mode')}, 'enforce')` },
    repository: repositories,
  }),
  signers: entryList<keyof typeof signerFields>('signers', { ...common, repository: repositories }),
  registries: entryList<keyof typeof registryFields>('registries', {
    ...common,
    kind: { text: key('kind') },
    url: { text: key('url') },
  }),
  sensors: entryList<keyof typeof sensorFields>('sensors', {
    ...common,
    kind: { text: key('kind') },
    cluster: { text: key('cluster') },
  }),
  reports: entryList<keyof typeof reportFields>('reports', {
    ...common,
    receiver: { text: key('receiver') },
    schedule: { text: key('schedule') },
  }),
} as const;
