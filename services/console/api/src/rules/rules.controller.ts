import { Controller, Get, Query } from '@nestjs/common';
import { DetectionRules, type ListedRule, type Page } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { rulesQuery, ruleAnswer } from './rule-schemas.js';

/** Rules of the detector. */
@Controller('api/v1/rules')
export class RulesController {
  constructor(private readonly rules: DetectionRules) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Loaded rules, and rejected ones with the reason, by file',
    answer: listOf(ruleAnswer),
  })
  async list(
    @Query({ schema: rulesQuery }) { state, ...page }: z.output<typeof rulesQuery>,
  ): Promise<Page<ListedRule>> {
    return this.rules.list(page, { state });
  }
}
