import { Controller, Get, Query } from '@nestjs/common';
import { severities, verdicts } from '@tidewaiter/domain';
import { PushTrends } from '@tidewaiter/store';
import { z } from 'zod';

import { count } from '../http/fields.js';
import { Operation } from '../http/operation.js';

const trendsQuery = z.strictObject({ days: z.coerce.number().int().min(2).max(90).default(30) });

const trendsAnswer = z.object({
  /** Days of UTC, oldest first; the last one is not over. */
  days: z.array(
    z.object({
      day: z.iso.date(),
      /** Findings, at the end of the day, of the images that tags pointed to. */
      open: z.record(z.enum(severities), count),
      /** Pushes of the day by their verdict. */
      verdicts: z.record(z.enum(verdicts), count),
    }),
  ),
});

@Controller('api/v1/trends')
export class TrendsController {
  constructor(private readonly trends: PushTrends) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Open findings by severity and pushes by verdict, day by day',
    answer: trendsAnswer,
  })
  async list(
    @Query({ schema: trendsQuery }) { days }: z.output<typeof trendsQuery>,
  ): Promise<z.output<typeof trendsAnswer>> {
    return { days: await this.trends.of(days, new Date()) };
  }
}
