import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { type DeadLetter, DeadLetters, type Page } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { idParameter } from '../http/validation.js';
import { deadLettersQuery, redriveAnswer, deadLetterAnswer } from './dead-letter-schemas.js';

@Controller('api/v1/dead-letters')
export class DeadLettersController {
  constructor(private readonly deadLetters: DeadLetters) {}

  @Get()
  @Operation({
    role: 'viewer',
    summary: 'Failed jobs that were not retried, newest first',
    answer: listOf(deadLetterAnswer),
  })
  async list(
    @Query({ schema: deadLettersQuery }) { all, ...page }: z.output<typeof deadLettersQuery>,
  ): Promise<Page<DeadLetter>> {
    return this.deadLetters.list(page, { all });
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
}
