import type { AccessScope } from '@tidewaiter/domain';
import type { UnfixedGroup } from '@tidewaiter/reports';
import { Column, CreateDateColumn, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

import { Retention } from '../core/retention.js';

/** `skipped`: it was past when the report was first seen, or its service was away. */
export const reportRunStates = ['due', 'made', 'skipped'] as const;

/** Settings with which a report was made. */
export interface ReportRunSettings {
  by: 'owner' | 'repository';
  query: string;
  receiver: string;
  /** Limits of its rights; null without any. */
  scopes: AccessScope[] | null;
}

/** A report of one period: due, then made. */
@Retention({ days: 400, since: 'created_at', pace: 'hourly' })
@Entity('report_run')
@Unique('report_run_period_ux', ['report', 'schedule', 'period'])
@Index('report_run_due_ix', ['createdAt'], { where: "state = 'due'" })
@Index('report_run_made_ix', ['report', 'madeAt'])
export class ReportRunRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'report_run_pk' }) id!: string;
  /** Name of the report. */
  @Column('text') report!: string;
  /** Schedule and time zone of the period; another schedule begins anew. */
  @Column('text') schedule!: string;
  /** Local time: `2026-11-30T08:00`; of a requested one the id. */
  @Column('text') period!: string;
  @Column('text') state!: (typeof reportRunStates)[number];
  /** User who asked for it; null for one of the schedule. */
  @Column('text', { name: 'requested_by', nullable: true }) requestedBy!: string | null;
  /** Null until it is made. */
  @Column('jsonb', { nullable: true }) settings!: ReportRunSettings | null;
  @Column('jsonb', { nullable: true }) groups!: UnfixedGroup[] | null;
  /** Time at which the fleet was last known to be evaluated then; null if it never was. */
  @Column('timestamptz', { name: 'as_of', nullable: true }) asOf!: Date | null;
  /** Unfixed findings, of which `groups` has a limited number. */
  @Column('integer', { default: 0 }) total!: number;
  /** Reason for which no channel got it. */
  @Column('text', { nullable: true }) problem!: string | null;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { name: 'made_at', nullable: true }) madeAt!: Date | null;
}
