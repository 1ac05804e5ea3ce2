import { Controller, Get, Query, type StreamableFile } from '@nestjs/common';
import { type FixTimeGroup, fixTimesCsv } from '@tidewaiter/reports';
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
    return { by: question.by, days: question.days, groups: await this.#groups(question) };
  }

  @Get('export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'The same as a file', mediaType: 'text/csv' })
  async export(
    @Query({ schema: fixTimeGroupsQuery }) question: z.output<typeof fixTimeGroupsQuery>,
  ): Promise<StreamableFile> {
    return csvFile('fix-times', fixTimesCsv(question.by, await this.#groups(question)));
  }

  async #groups({ limits, ...question }: z.output<typeof fixTimeGroupsQuery>): Promise<FixTimeGroup[]> {
    const { owners, fixLimits } = this.settings;
    return this.histories.of({ ...question, limits: limits ?? fixLimits }, owners, new Date());
  }
}
