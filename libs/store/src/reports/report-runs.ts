import { Injectable } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf, type RowOf } from '../core/columns.js';
import { json } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';
import { ReportRunRow } from './report-run-row.js';

const columns = columnsOf(ReportRunRow, { omit: ['groups', 'schedule'] });
const storedColumns = columnsOf(ReportRunRow, { omit: ['schedule'] }).notNull('groups', 'settings', 'madeAt');
const dueColumns = columnsOf(ReportRunRow, { only: ['id', 'report', 'period', 'requestedBy'] });

/** A report of one period, without its findings. */
export type ReportRun = RowOf<typeof columns>;
/** A report that was made, with its findings. */
export type StoredReportRun = RowOf<typeof storedColumns>;
/** A report that is to be made. */
export type DueReport = RowOf<typeof dueColumns>;
export type MadeReport = Pick<StoredReportRun, 'settings' | 'groups' | 'total' | 'asOf' | 'problem'>;

/** Runs that the history lists. */
const maxRuns = 200;

/** A schedule of a report, and the period that began last. */
export interface ReportPeriod {
  report: string;
  schedule: string;
  period: string;
}

/**
 * Runs of reports. A row of a period is the order to make it: as there is one for each period, so
 * is there one report, whatever ends meanwhile and however many processes look.
 */
@Injectable()
export class ReportRuns {
  constructor(private readonly store: Store) {}

  /**
   * Orders the report of a period, unless it or a later one was ordered. The first period that is
   * seen of a schedule is past: it is skipped.
   */
  async plan({ report, schedule, period }: ReportPeriod): Promise<void> {
    await this.store.query(
      `INSERT INTO report_run (id, report, schedule, period, state)
       SELECT $1, $2::text, $3::text, $4::text, CASE WHEN newest IS NULL THEN 'skipped' ELSE 'due' END
       FROM (SELECT max(period) AS newest FROM report_run WHERE (report, schedule) = ($2, $3) AND requested_by IS NULL) AS known
       WHERE newest IS NULL OR newest < $4
       ON CONFLICT ON CONSTRAINT report_run_period_ux DO NOTHING`,
      [uuidv7(), report, schedule, period],
    );
  }

  /** Orders a report now. */
  async request(tx: Transaction, report: string, by: string): Promise<string> {
    const id = uuidv7();
    await tx.query(
      `INSERT INTO report_run (id, report, schedule, period, state, requested_by) VALUES ($1::uuid, $2, '', $1::uuid::text, 'due', $3)`,
      [id, report, by],
    );
    return id;
  }

  /**
   * Locks an order that no other process works on; null if there is none. One of a report that is
   * not among the known ones waits a minute, in which the settings may follow.
   */
  async claim(tx: Transaction, known: readonly string[]): Promise<DueReport | null> {
    const [due] = await tx.rows(
      dueColumns,
      `FROM report_run WHERE state = 'due' AND (report = ANY($1) OR created_at < now() - interval '1 minute')
       ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [known],
    );
    return due ?? null;
  }

  /** Ends an order whose report is gone. */
  async skip(tx: Transaction, id: string): Promise<void> {
    await tx.query(`UPDATE report_run SET state = 'skipped' WHERE id = $1`, [id]);
  }

  async made(tx: Transaction, id: string, { settings, groups, total, asOf, problem }: MadeReport): Promise<void> {
    await tx.query(
      `UPDATE report_run SET state = 'made', settings = $2, groups = $3, total = $4, as_of = $5, problem = $6, made_at = now() WHERE id = $1`,
      [id, json(settings), json(groups), total, asOf, problem],
    );
  }

  /** Runs that were made or are due, newest first. */
  async list(report?: string): Promise<ReportRun[]> {
    return this.store.rows(
      columns,
      `FROM report_run WHERE state <> 'skipped' AND ($1::text IS NULL OR report = $1) ORDER BY created_at DESC, id DESC LIMIT $2`,
      [report ?? null, maxRuns],
    );
  }

  /** @throws NotFound `REPORT_RUN_UNKNOWN` */
  async get(id: string): Promise<StoredReportRun> {
    const [run] = await this.store.rows(storedColumns, `FROM report_run WHERE id = $1 AND state = 'made'`, [id]);
    if (!run) throw new NotFound('REPORT_RUN_UNKNOWN', `no report ${id} was made`);
    return run;
  }
}
