import { Injectable } from '@nestjs/common';
import { gaugeIn, metricCatalog, Every } from '@tidewaiter/runtime';
import { WorkloadFindings } from '@tidewaiter/store';
import { Registry } from 'prom-client';

import { DetectorConfig } from '../config.js';

const everyMs = 3_600_000;
const dayMs = 24 * everyMs;

/**
 * Counts the open findings of workloads for metrics, and resolves those of objects that no source
 * reports any more.
 */
@Injectable()
export class FindingUpkeep {
  constructor(
    private readonly config: DetectorConfig,
    private readonly findings: WorkloadFindings,
    registry: Registry,
  ) {
    gaugeIn(registry, metricCatalog.workloadFindings, async (gauge) => {
      for (const [severity, count] of Object.entries(await findings.openCounts())) gauge.set({ severity }, count);
    });
  }

  @Every(everyMs)
  async resolveUnseen(): Promise<void> {
    const { workloadDays } = this.config;
    if (workloadDays > 0) await this.findings.forget(new Date(Date.now() - workloadDays * dayMs));
  }
}
