import { Injectable } from '@nestjs/common';
import { type Digest, Unavailable } from '@tidewaiter/domain';
import { type RetentionDays, retentionSettings } from '@tidewaiter/runtime';

import { type Entity, tableOf } from '../core/columns.js';
import { entities } from '../core/entities.js';
import { daysOf, expiredBy, retentionOf } from '../core/retention.js';
import { Store } from '../core/store.js';
import { digestsInUse, isImageExpired, isPushExpired } from '../images/image-retention.js';
import { isIncidentExpired } from '../incidents/incidents.js';

/** Kinds of records, with their tables. */
export const storageKinds = {
  images: [
    ...[
      'image',
      'image_finding',
      'image_layer',
      'image_manifest',
      'image_package',
      'image_provenance',
      'push_identity',
    ],
    ...[
      'repository_finding',
      'layer',
      'layer_blob',
      'layer_failure',
      'package',
      'package_content',
      'fleet_content',
      'fleet_file',
    ],
  ],
  pushes: [
    ...['push', 'push_change', 'push_image', 'tag_ledger', 'registry_repository', 'registry_look', 'registry_tag'],
    ...['pipeline_document', 'pipeline_report', 'removal', 'removal_image'],
  ],
  vulnerabilities: [
    ...[
      'advisory',
      'advisory_package',
      'advisory_ecosystem',
      'advisory_import',
      'advisory_feed',
      'kev',
      'epss',
      'end_of_life',
      'repository_cpe',
      'exploitation_change',
    ],
    ...['package_match', 'package_vulnerability', 'fleet_vulnerability', 'fleet_upgrade', 'fleet_refresh'],
  ],
  workloads: [
    ...[
      'container_ledger',
      'workload',
      'workload_object',
      'workload_finding',
      'package_use',
      'learned_habit',
      'sensor_contact',
    ],
  ],
  incidents: [
    ...['incident', 'incident_revision', 'detection_alert', 'detection_match', 'detection_rule'],
    ...['detector_replica', 'detector_lease', 'detector_snapshot', 'containment_order', 'containment_transition'],
  ],
  messages: [
    'delivery',
    'delivery_step',
    'alert',
    'alert_group',
    'notified_alert',
    'alert_history',
    'silence',
    'silence_version',
    'report_run',
  ],
  events: ['outbox', 'inbox', 'received', 'job', 'job_source', 'dead_letter'],
  access: [
    ...[
      'api_token',
      'audit_entry',
      'service_account',
      'console_user',
      'console_session',
      'setup_link',
      'device_login',
      'saved_view',
      'view_watch',
      'view_row',
    ],
    ...['cluster', 'managed_entry', 'file_entry', 'service_configuration', 'database_life'],
  ],
} as const;

export type StorageKind = keyof typeof storageKinds;

/** When rows of a table go. */
export interface StorageRule {
  /** Days of a setting or of the platform; null where the time does not decide. */
  days: number | null;
  /** Environment variable with these days. */
  variable: string | null;
  /** Sentence for users. */
  text: string;
}

/** Size and retention of a table. */
export interface StoredTable {
  table: string;
  kind: StorageKind;
  /** With its indexes and long values. */
  bytes: number;
  indexBytes: number;
  /** Estimate of PostgreSQL; null before its first analysis. */
  rows: number | null;
  /** Null where no row has a time, or it could not be found in time. */
  oldest: Date | null;
  rule: StorageRule;
  /** Rows that the next run deletes, at most {@link maxCounted}; null if they were not counted. */
  due: number | null;
}

/** Oldest row of a table, and how many a rule deletes next; null where no rule does. */
type TableAge = Pick<StoredTable, 'table' | 'oldest' | 'due'>;

/** Limit on the rows that one count looks at. */
export const maxCounted = 10_000;
/** A report must not occupy a connection for long: what takes longer is not counted. */
const timeoutMs = 2_000;

/** SQL conditions of what cleaners delete, by table: `$2` are the days, `$3` the digests in use. */
const cleanedRows: Readonly<Record<string, string>> = {
  push: isPushExpired,
  image: isImageExpired,
  incident: isIncidentExpired('$2'),
};

/** Sizes of the tables, and when their rows are deleted. */
@Injectable()
export class Storage {
  constructor(private readonly store: Store) {}

  async tables(settings: RetentionDays): Promise<StoredTable[]> {
    const [sizes, ages, inUse] = [await this.#sizes(), await this.#ages(settings), await digestsInUse(this.store)];
    const tables: StoredTable[] = [];
    for (const entity of entities) {
      const { name } = tableOf(entity);
      const { bytes, indexBytes, rows } = sizes.get(name) ?? { bytes: 0, indexBytes: 0, rows: null };
      const { oldest, due } = ages.get(name) ?? { oldest: null, due: null };
      tables.push({
        ...{ table: name, kind: kindOf(name), bytes, indexBytes, rows, oldest },
        ...{ rule: ruleOf(entity, settings), due: due ?? (await this.#cleaned(entity, settings, inUse)) },
      });
    }
    return tables.toSorted((a, b) => b.bytes - a.bytes);
  }

  async #sizes(): Promise<Map<string, Pick<StoredTable, 'bytes' | 'indexBytes' | 'rows'>>> {
    const rows = await this.store.aggregate<Pick<StoredTable, 'table' | 'bytes' | 'indexBytes' | 'rows'>>(
      `SELECT relname AS table, pg_total_relation_size(oid)::float8 AS bytes, pg_indexes_size(oid)::float8 AS "indexBytes",
         nullif(reltuples, -1)::float8 AS rows
       FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`,
    );
    return new Map(rows.map(({ table, ...size }) => [table, size]));
  }

  /** Ages of the rows of all tables by one statement, or each by its own if that takes too long. */
  async #ages(settings: RetentionDays): Promise<Map<string, TableAge>> {
    const each = entities.map((entity) => ageQuery(entity, settings));
    let ages = await this.#inTime<TableAge>(each.join(' UNION ALL '));
    if (ages.length === 0) for (const query of each) ages = ages.concat(await this.#inTime<TableAge>(query));
    return new Map(ages.map((age) => [age.table, age]));
  }

  /** Counts the rows that a cleaner would delete now; others go with their owners. */
  async #cleaned(entity: Entity<object>, settings: RetentionDays, inUse: readonly Digest[]): Promise<number | null> {
    const rule = retentionOf(entity);
    const { name } = tableOf(entity);
    const cleaned = cleanedRows[name];
    if (typeof rule !== 'object' || !('cleaner' in rule) || !cleaned || rule.days === undefined) return null;
    const days = settings[rule.days];
    if (days === 0) return 0;
    const [row] = await this.#inTime<Pick<TableAge, 'due'>>(
      `SELECT ${countOf(name, `$1::text = '' AND $2::int > 0 AND $3::text[] IS NOT NULL AND ${cleaned}`)} AS due`,
      ['', days, inUse],
    );
    return row?.due ?? null;
  }

  /** Without rows where the statement takes too long. */
  async #inTime<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    try {
      return await this.store.transaction(async (tx) => {
        await tx.query(`SET LOCAL statement_timeout = ${timeoutMs}`);
        return tx.aggregate<Row>(sql, parameters);
      });
    } catch (error) {
      if (error instanceof Unavailable && error.code === 'STORE_TIMEOUT') return [];
      throw error;
    }
  }
}

/** Query of the {@link TableAge} of a table. */
function ageQuery(entity: Entity<object>, settings: RetentionDays): string {
  const { name, columns } = tableOf(entity);
  const rule = retentionOf(entity);
  const expires = typeof rule === 'object' && 'since' in rule ? rule : null;
  const time =
    columns.find((column) => column.name === expires?.since) ?? columns.find(({ type }) => type === 'timestamptz');
  // The times of advisories are those of their sources: some are of the year 1.
  const hasAge = time !== undefined && (expires !== null || kindOf(name) !== 'vulnerabilities');
  const oldest = hasAge ? `(SELECT min(${time.name}) FROM ${name})` : 'NULL::timestamptz';
  const expired = expires && expiredBy(expires, settings);
  const rest = typeof rule === 'object' && !expires ? 'NULL::float8' : '0::float8';
  return `SELECT '${name}' AS table, ${oldest} AS oldest, ${expired ? countOf(name, expired) : rest} AS due`;
}

/** Counts some rows of a table, up to {@link maxCounted}, as SQL. */
function countOf(table: string, condition: string): string {
  return `(SELECT count(*)::float8 FROM (SELECT FROM ${table} WHERE ${condition} LIMIT ${maxCounted}) AS expired)`;
}

function kindOf(table: string): StorageKind {
  const known = Object.entries(storageKinds).find(([, tables]) => (tables as readonly string[]).includes(table));
  // A test lists the tables of all entities.
  return known![0] as StorageKind;
}

function ruleOf(entity: Entity<object>, settings: RetentionDays): StorageRule {
  const rule = retentionOf(entity)!;
  if (typeof rule === 'string') return { days: null, variable: null, text: `kept: ${rule}` };
  if ('of' in rule) {
    return { days: null, variable: null, text: `with its row in ${tableOf(rule.of() as Entity<object>).name}` };
  }
  if (rule.days === undefined) return { days: null, variable: null, text: 'when nothing needs it any more' };
  const days = daysOf({ days: rule.days }, settings);
  const variable = typeof rule.days === 'string' ? retentionSettings[rule.days].name : null;
  const event =
    'since' in rule ? `after ${rule.since.replaceAll(/coalesce\(|,.*/g, '')}` : 'after nothing needs it any more';
  return { days, variable, text: days === 0 ? 'kept for ever' : `${days} ${days === 1 ? 'day' : 'days'} ${event}` };
}
