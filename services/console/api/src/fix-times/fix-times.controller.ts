import { Controller, Get, Query, type StreamableFile } from '@nestjs/common';
import { fixTimesCsv } from '@tidewaiter/reports';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import { FixHistories } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { csvFile } from '../unfixed/unfixed.controller.js';
import { fixTimeGroupsAnswer, fixTimeGroupsQuery } from './fix-times-schemas.js';

/** Times that fixes took, within the limits of the caller. */
@Controller('api/v1/fix-times/groups')
export class FixTimeGroupsController {
  constructor(
    private readonly histories: FixHistories,
    private readonly settings: TidewaiterSettings,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'How long fixes took, and what is open for longer than its limit, by owner or repository',
    answer: fixTimeGroupsAnswer,
  })
  async groups(
    @Query({ schema: fixTimeGroupsQuery }) question: z.output<typeof fixTimeGroupsQuery>,
  ): Promise<z.output<typeof fixTimeGroupsAnswer>> {
    const groups = await this.histories.of(question, this.settings.owners, new Date());
    return { by: question.by, days: question.days, groups };
  }

  @Get('export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'The same as a file', mediaType: 'text/csv' })
  async export(
    @Query({ schema: fixTimeGroupsQuery }) question: z.output<typeof fixTimeGroupsQuery>,
  ): Promise<StreamableFile> {
    const groups = await this.histories.of(question, this.settings.owners, new Date());
    return csvFile('fix-times', fixTimesCsv(question.by, groups));
  }
}
