import { Injectable } from '@nestjs/common';
import { gaugeIn, metricCatalog, Every } from '@tidewaiter/runtime';
import { WorkloadFindings } from '@tidewaiter/store';
import { Registry } from 'prom-client';

const everyMs = 3_600_000;
/** Same retention as for containers, so that both expire together. */
const retentionMs = 30 * 24 * 3_600_000;

/**
 * Counts the open findings of workloads for metrics, and resolves those of objects that no source
 * reports any more.
 */
@Injectable()
export class FindingUpkeep {
  constructor(
    private readonly findings: WorkloadFindings,
    registry: Registry,
  ) {
    gaugeIn(registry, metricCatalog.workloadFindings, async (gauge) => {
      for (const [severity, count] of Object.entries(await findings.openCounts())) gauge.set({ severity }, count);
    });
  }

  @Every(everyMs)
  async resolveUnseen(): Promise<void> {
    await this.findings.forget(new Date(Date.now() - retentionMs));
  }
}
