import { Controller, Get, Query } from '@nestjs/common';
import { DetectionRules, type ListedRule, type Page } from '@tidewaiter/store';

import { readInput } from '../http/requests.js';
import { rulesQuery } from './rule-schemas.js';

/** Rules of the detector. */
@Controller('api/v1/rules')
export class RulesController {
  constructor(private readonly rules: DetectionRules) {}

  @Get()
  async list(@Query() query: unknown): Promise<Page<ListedRule>> {
    const { state, ...page } = readInput(rulesQuery, query);
    return this.rules.list(page, { state });
  }
}
