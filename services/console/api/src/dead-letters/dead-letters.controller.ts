import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { type DeadLetter, DeadLetters, type Page } from '@tidewaiter/store';
import type { z } from 'zod';

import { readId, readInput } from '../http/requests.js';
import { deadLettersQuery, type redriveAnswer } from './dead-letter-schemas.js';

@Controller('api/v1/dead-letters')
export class DeadLettersController {
  constructor(private readonly deadLetters: DeadLetters) {}

  @Get()
  async list(@Query() query: unknown): Promise<Page<DeadLetter>> {
    const { all, ...page } = readInput(deadLettersQuery, query);
    return this.deadLetters.list(page, { all });
  }

  @Post(':id/redrive')
  @HttpCode(202)
  async redrive(@Param('id') id: string): Promise<z.output<typeof redriveAnswer>> {
    await this.deadLetters.redrive(readId(id));
    return { id };
  }
}
