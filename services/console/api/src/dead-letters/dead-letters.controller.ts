import { Body, Controller, Get, Param, Post, Query, StreamableFile } from '@nestjs/common';
import { deadLetterList, type DeadLetterRedrive, DeadLetters, type ListedDeadLetter, Lists } from '@tidewaiter/store';
import type { z } from 'zod';

import { countedListOf, countedPage, type CountedPage, either, exportedRows, listRequest } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import { idParameter } from '../http/validation.js';
import {
  deadLetterAnswer,
  deadLetterExportQuery,
  deadLettersQuery,
  maxRedriven,
  redriveAnswer,
  redriveManyAnswer,
  redriveManyBody,
} from './dead-letter-schemas.js';

@Controller('api/v1/dead-letters')
export class DeadLettersController {
  constructor(
    private readonly deadLetters: DeadLetters,
    private readonly lists: Lists,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    summary: 'Failed jobs that were not retried, newest first',
    answer: countedListOf(deadLetterAnswer),
  })
  async list(
    @Query({ schema: deadLettersQuery }) { all, ...query }: z.output<typeof deadLettersQuery>,
  ): Promise<CountedPage<ListedDeadLetter>> {
    const request = listRequest(query, {}, ...(all ? [either('redriven')] : []));
    return countedPage(this.lists, deadLetterList, request, query.count, (letter) => letter);
  }

  @Get('export')
  @Operation({ role: 'viewer', summary: 'Failed jobs as a file', mediaType: 'text/csv' })
  export(@Query({ schema: deadLetterExportQuery }) query: z.output<typeof deadLetterExportQuery>): StreamableFile {
    return exportedRows(this.lists, { name: 'dead-letters', list: deadLetterList, item: deadLetterAnswer }, query);
  }

  @Post(':id/redrive')
  @Operation({
    role: 'responder',
    action: 'dead-letter.redriven',
    summary: 'Retries a failed job',
    status: 202,
    answer: redriveAnswer,
  })
  async redrive(@Param('id', { schema: idParameter }) id: string): Promise<z.output<typeof redriveAnswer>> {
    await this.deadLetters.redrive(id);
    return { id };
  }

  /** Oldest first. Safe to repeat: what was redriven is left alone. */
  @Post('redrive')
  @Operation({
    role: 'responder',
    action: 'dead-letter.redriven',
    summary: 'Retries the failed jobs of a query or of a selection',
    status: 202,
    answer: redriveManyAnswer,
  })
  async redriveMany(
    @Body({ schema: redriveManyBody }) { q, ids = [] }: z.output<typeof redriveManyBody>,
  ): Promise<DeadLetterRedrive> {
    if (q) return this.deadLetters.redriveAll(q, maxRedriven);
    const redriven = await this.deadLetters.redriveEach(ids);
    return { redriven, kept: ids.length - redriven, isMore: false };
  }
}
