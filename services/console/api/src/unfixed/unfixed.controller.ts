import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { unfixedCsv } from '@tidewaiter/reports';
import { type Grouping, TidewaiterSettings } from '@tidewaiter/runtime';
import { type Unfixed, UnfixedFindings } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { cutGroups } from './cut-groups.js';
import { unfixedAnswer, unfixedExportQuery, unfixedQuery } from './unfixed-schemas.js';

/** Unfixed findings of now, within the limits of the caller. */
@Controller('api/v1/unfixed')
export class UnfixedController {
  constructor(
    private readonly unfixed: UnfixedFindings,
    private readonly settings: TidewaiterSettings,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Vulnerabilities that are unfixed and for how long, by owner or repository',
    answer: unfixedAnswer,
  })
  async report(
    @Query({ schema: unfixedQuery }) { by, q: query, limit }: z.output<typeof unfixedQuery>,
  ): Promise<z.output<typeof unfixedAnswer>> {
    const at = new Date();
    const { groups, ...found } = await this.#unfixed(by, query, at);
    return { by, query, at, groups: cutGroups(groups, limit), ...found };
  }

  @Get('export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'The same as a file', mediaType: 'text/csv' })
  async export(
    @Query({ schema: unfixedExportQuery }) { by, q: query }: z.output<typeof unfixedExportQuery>,
  ): Promise<StreamableFile> {
    const { groups } = await this.#unfixed(by, query, new Date());
    return csvFile('unfixed', unfixedCsv(groups));
  }

  async #unfixed(by: Grouping, query: string, at: Date): Promise<Unfixed> {
    const { owners, fixLimits } = this.settings;
    return this.unfixed.of({ by, query, limits: fixLimits }, owners, at);
  }
}

export function csvFile(name: string, text: string): StreamableFile {
  return new StreamableFile(Buffer.from(text), {
    type: 'text/csv; charset=utf-8',
    disposition: `attachment; filename="${name}.csv"`,
  });
}
