import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { type ListedRule, Lists, type RowOf, ruleList } from '@tidewaiter/store';
import type { z } from 'zod';

import { countedListOf, countedPage, type CountedPage, exported, listRequest } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import { ruleAnswer, ruleExportQuery, rulesQuery } from './rule-schemas.js';

/** Rules of the detector. */
@Controller('api/v1/rules')
export class RulesController {
  constructor(private readonly lists: Lists) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Loaded rules, and rejected ones with the reason, by file',
    answer: countedListOf(ruleAnswer),
  })
  async list(
    @Query({ schema: rulesQuery }) { state, ...query }: z.output<typeof rulesQuery>,
  ): Promise<CountedPage<ListedRule>> {
    return countedPage(this.lists, ruleList, listRequest(query, { state }), query.count, describeRule);
  }

  @Get('export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Rules of the detector as a file', mediaType: 'text/csv' })
  export(@Query({ schema: ruleExportQuery }) query: z.output<typeof ruleExportQuery>): StreamableFile {
    return exported(this.lists, { name: 'rules', list: ruleList, item: ruleAnswer }, query, describeRule);
  }
}

function describeRule({ rule }: RowOf<typeof ruleList.columns>): ListedRule {
  return rule;
}
