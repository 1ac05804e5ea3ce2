import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { AuditLog, auditList, type AuditVerification, Lists, type RowOf } from '@tidewaiter/store';
import type { z } from 'zod';

import { type CountedPage, countedListOf, countedPage, exported, listRequest } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import { auditEntryAnswer, auditExportQuery, auditQuery, auditVerificationAnswer } from './audit-schemas.js';

type AuditEntryAnswer = z.output<typeof auditEntryAnswer>;

/** Actions of users. */
@Controller('api/v1/audit')
export class AuditController {
  constructor(
    private readonly lists: Lists,
    private readonly log: AuditLog,
  ) {}

  @Get()
  @Operation({ role: 'admin', summary: 'Actions of users, newest first', answer: countedListOf(auditEntryAnswer) })
  async list(
    @Query({ schema: auditQuery }) query: z.output<typeof auditQuery>,
  ): Promise<CountedPage<AuditEntryAnswer>> {
    return countedPage(this.lists, auditList, listRequest(query), query.count, describeEntry);
  }

  @Get('export')
  @Operation({ role: 'admin', summary: 'Actions of users as a file', mediaType: 'text/csv' })
  export(@Query({ schema: auditExportQuery }) query: z.output<typeof auditExportQuery>): StreamableFile {
    return exported(this.lists, { name: 'audit', list: auditList, item: auditEntryAnswer }, query, describeEntry);
  }

  /** Reads the whole log. */
  @Get('verification')
  @Operation({
    role: 'admin',
    summary: 'Whether each entry of the audit log follows from those before it',
    answer: auditVerificationAnswer,
  })
  async verify(): Promise<AuditVerification> {
    return this.log.verify();
  }
}

function describeEntry(entry: RowOf<typeof auditList.columns>): AuditEntryAnswer {
  return { ...entry, details: entry.details as AuditEntryAnswer['details'] };
}
