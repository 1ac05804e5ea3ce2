import { Controller, Get, Query } from '@nestjs/common';
import { checks } from '@tidewaiter/checks';
import { type Page, type WorkloadFinding, WorkloadFindings } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { workloadFindingsQuery, workloadFindingAnswer } from './workload-schemas.js';

type WorkloadFindingAnswer = z.output<typeof workloadFindingAnswer>;

const advice = new Map(checks.map(({ id, reason, fix, reference }) => [id, { reason, fix, reference }]));

/** Misconfigurations of workloads. */
@Controller('api/v1/workloads')
export class WorkloadsController {
  constructor(private readonly findings: WorkloadFindings) {}

  @Get('findings')
  @Operation({
    role: 'viewer',
    summary: 'Misconfigurations of workloads, newest first',
    answer: listOf(workloadFindingAnswer),
  })
  async list(
    @Query({ schema: workloadFindingsQuery }) {
      limit,
      after,
      workload,
      ...filter
    }: z.output<typeof workloadFindingsQuery>,
  ): Promise<Page<WorkloadFindingAnswer>> {
    const { items, next } = await this.findings.list({ limit, after }, { ...filter, ...workload });
    return { items: items.map(describeFinding), next };
  }
}

function describeFinding(finding: WorkloadFinding): WorkloadFindingAnswer {
  const { reason = null, fix = null, reference = null } = advice.get(finding.check) ?? {};
  return { ...finding, reason, fix, reference };
}
