import { Controller, Get, Query } from '@nestjs/common';
import { checks } from '@tidewaiter/checks';
import { type Page, type WorkloadFinding, WorkloadFindings } from '@tidewaiter/store';
import type { z } from 'zod';

import { readInput } from '../http/requests.js';
import { workloadFindingsQuery, type workloadFindingAnswer } from './workload-schemas.js';

type WorkloadFindingAnswer = z.output<typeof workloadFindingAnswer>;

const advice = new Map(checks.map(({ id, reason, fix, reference }) => [id, { reason, fix, reference }]));

/** Misconfigurations of workloads. */
@Controller('api/v1/workloads')
export class WorkloadsController {
  constructor(private readonly findings: WorkloadFindings) {}

  @Get('findings')
  async list(@Query() query: unknown): Promise<Page<WorkloadFindingAnswer>> {
    const { limit, after, workload, ...filter } = readInput(workloadFindingsQuery, query);
    const { items, next } = await this.findings.list({ limit, after }, { ...filter, ...workload });
    return { items: items.map(describeFinding), next };
  }
}

function describeFinding(finding: WorkloadFinding): WorkloadFindingAnswer {
  const { reason = null, fix = null, reference = null } = advice.get(finding.check) ?? {};
  return { ...finding, reason, fix, reference };
}
