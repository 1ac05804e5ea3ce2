import { Controller, Get, Param, Query } from '@nestjs/common';
import { severities, verdicts } from '@tidewaiter/domain';
import { type ExposureDay, ExposureTrends, type FixTime, FixTimes, PushTrends, type TrendDay } from '@tidewaiter/store';
import { z } from 'zod';

import { count } from '../http/fields.js';
import { Operation } from '../http/operation.js';
import { vulnerabilityParameter } from '../vulnerabilities/vulnerability-schemas.js';

const days = z.coerce.number().int().min(2).max(90).default(30);
const name = z.string().min(1).max(500);

const trendsQuery = z
  .strictObject({
    days,
    /** A repository with its `connection`; without them all are counted. */
    repository: name.optional(),
    connection: name.optional(),
  })
  .refine(({ repository, connection }) => (repository === undefined) === (connection === undefined), {
    error: 'give repository and connection, or neither',
  });

/** Days of UTC, oldest first; the last one is not over. */
const trendsAnswer = z.object({
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

const exposureTrendQuery = z.strictObject({ days });

const exposureTrendAnswer = z.object({
  days: z.array(
    z.object({
      day: z.iso.date(),
      /** Images under a tag whose affected packages all have a fix, as is known today. */
      fixable: count,
      /** Images under a tag of which an affected package has none. */
      unfixable: count,
      /** Workloads that ran one in the day before; null while no sensor reports containers. */
      workloads: count.nullable(),
    }),
  ),
});

const fixTimesQuery = z.strictObject({ days: z.coerce.number().int().min(1).max(365).default(90) });
const repositoryFixTimesQuery = fixTimesQuery.extend({ connection: name, repository: name });

const fixTimesAnswer = z.object({
  /** Worst severity first; those without a vulnerability are left out. */
  severities: z.array(
    z.object({
      severity: z.enum(severities),
      /** Vulnerabilities that went in these days. */
      fixed: count,
      /** Median days from the first image with one to its end. */
      fixedDays: z.number().nullable(),
      open: count,
      /** Median age of the open ones, in days. */
      openDays: z.number().nullable(),
    }),
  ),
});

const dayMs = 86_400_000;

/** Figures of days, from what is kept of pushes, tags and containers. */
@Controller('api/v1')
export class TrendsController {
  constructor(
    private readonly trends: PushTrends,
    private readonly exposure: ExposureTrends,
    private readonly fixes: FixTimes,
  ) {}

  @Get('trends')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Open findings by severity and pushes by verdict, day by day, of all repositories or of one',
    answer: trendsAnswer,
  })
  async list(
    @Query({ schema: trendsQuery }) { days: number, repository, connection }: z.output<typeof trendsQuery>,
  ): Promise<{ days: TrendDay[] }> {
    const place = repository === undefined || connection === undefined ? null : { repository, connection };
    return { days: await this.trends.of(number, new Date(), place) };
  }

  @Get('vulnerabilities/:id/trend')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Images and workloads with a vulnerability, day by day',
    answer: exposureTrendAnswer,
  })
  async ofVulnerability(
    @Param('id', { schema: vulnerabilityParameter }) id: string,
    @Query({ schema: exposureTrendQuery }) { days: number }: z.output<typeof exposureTrendQuery>,
  ): Promise<{ days: ExposureDay[] }> {
    return { days: await this.exposure.of(id, number, new Date()) };
  }

  @Get('fix-times')
  @Operation({ role: 'viewer', summary: 'Time until a vulnerability is gone from the fleet', answer: fixTimesAnswer })
  async ofFleet(
    @Query({ schema: fixTimesQuery }) { days: number }: z.output<typeof fixTimesQuery>,
  ): Promise<{ severities: FixTime[] }> {
    const now = new Date();
    return { severities: await this.fixes.ofFleet(before(now, number), now) };
  }

  @Get('repositories/fix-times')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Time until a vulnerability is gone from the tags of a repository',
    answer: fixTimesAnswer,
  })
  async ofRepository(
    @Query({ schema: repositoryFixTimesQuery })
    { days: number, connection, repository }: z.output<typeof repositoryFixTimesQuery>,
  ): Promise<{ severities: FixTime[] }> {
    const now = new Date();
    return { severities: await this.fixes.ofRepository({ connection, repository }, before(now, number), now) };
  }
}

function before(now: Date, days: number): Date {
  return new Date(now.getTime() - days * dayMs);
}
