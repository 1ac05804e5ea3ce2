import { Controller, Get, Param, Post, Query, type StreamableFile } from '@nestjs/common';
import { type AccessScope, NotFound } from '@tidewaiter/domain';
import { unfixedCsv } from '@tidewaiter/reports';
import {
  type ApiCaller,
  FileEntries,
  ManagedEntries,
  type ReportRun,
  ReportRuns,
  Store,
  type StoredReportRun,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { nameParameter } from '../entries/entry-schemas.js';
import { Operation } from '../http/operation.js';
import { idParameter } from '../http/validation.js';
import { cutGroups } from './cut-groups.js';
import { requestAnswer, runAnswer, runQuery, runsAnswer, runsQuery } from './unfixed-schemas.js';
import { csvFile } from './unfixed.controller.js';

/**
 * Reports that were made. A limited caller reads one whose rights are all among its own: who may
 * is decided here, and not by the rows that it was made of.
 */
@Controller('api/v1/report-runs')
export class ReportRunsController {
  constructor(
    private readonly store: Store,
    private readonly runs: ReportRuns,
  ) {}

  @Get()
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Reports that were made or are due', answer: runsAnswer })
  async list(
    @Query({ schema: runsQuery }) { report }: z.output<typeof runsQuery>,
    @Caller() caller: ApiCaller,
  ): Promise<z.output<typeof runsAnswer>> {
    const runs = await this.store.unlimited(async () => this.runs.list(report));
    return { items: runs.filter((run) => mayRead(run, caller)), next: null };
  }

  @Get(':id')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'A report that was made', answer: runAnswer })
  async get(
    @Param('id', { schema: idParameter }) id: string,
    @Query({ schema: runQuery }) { limit }: z.output<typeof runQuery>,
    @Caller() caller: ApiCaller,
  ): Promise<z.output<typeof runAnswer>> {
    const { groups, ...run } = await this.#read(id, caller);
    const { settings, total, madeAt: at, asOf } = run;
    return { by: settings.by, query: settings.query, at, asOf, groups: cutGroups(groups, limit), total, run };
  }

  @Get(':id/csv')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'A report that was made, as a file', mediaType: 'text/csv' })
  async csv(@Param('id', { schema: idParameter }) id: string, @Caller() caller: ApiCaller): Promise<StreamableFile> {
    const { report, madeAt, groups } = await this.#read(id, caller);
    return csvFile(`${report}-${madeAt.toISOString().slice(0, 10)}`, unfixedCsv(groups));
  }

  async #read(id: string, caller: ApiCaller): Promise<StoredReportRun> {
    const run = await this.store.unlimited(async () => this.runs.get(id));
    if (mayRead(run, caller)) return run;
    throw new NotFound('REPORT_RUN_UNKNOWN', `no report ${id} was made`);
  }
}

/** Sends reports out of turn. */
@Controller('api/v1/reports')
export class ReportRequestsController {
  constructor(
    private readonly store: Store,
    private readonly runs: ReportRuns,
    private readonly entries: ManagedEntries,
    private readonly files: FileEntries,
  ) {}

  @Post(':name/send')
  @Operation({
    role: 'maintainer',
    action: 'report.requested',
    summary: 'Makes a report now, and sends it to its receiver',
    status: 202,
    answer: requestAnswer,
  })
  async send(
    @Param('name', { schema: nameParameter }) name: string,
    @Caller() caller: ApiCaller,
  ): Promise<z.output<typeof requestAnswer>> {
    // Not by the settings, which follow a change within seconds.
    if (!(await this.entries.get('reports', name)) && !(await this.files.get('reports', name)))
      throw new NotFound('ENTRY_UNKNOWN', `no report ${name} is configured`);
    return this.store.transaction(async (tx) => {
      const id = await this.runs.request(tx, name, caller.name);
      tx.record({ subject: name, before: null, after: { run: id } });
      return { id };
    });
  }
}

/** A run that is due has no rights yet. */
function mayRead({ settings }: Pick<ReportRun, 'settings'>, { scopes: own }: ApiCaller): boolean {
  if (own === null) return true;
  const needed = settings?.scopes;
  if (!needed) return false;
  const known = new Set(own.map(scopeText));
  return needed.every((scope) => known.has(scopeText(scope)));
}

function scopeText({ repositories, clusters, namespaces, owners }: AccessScope): string {
  return JSON.stringify([repositories, clusters, namespaces, owners].map((patterns) => patterns.toSorted()));
}
