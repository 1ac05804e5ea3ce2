import { Injectable } from '@nestjs/common';
import { Every } from '@tidewaiter/runtime';
import { WorkloadFindings } from '@tidewaiter/store';
import { Gauge, Registry } from 'prom-client';

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
    registry.registerMetric(
      new Gauge({
        name: 'tidewaiter_detector_workload_findings',
        help: 'Open misconfigurations of workloads; every replica shows all of them',
        labelNames: ['severity'],
        registers: [],
        async collect() {
          for (const [severity, count] of Object.entries(await findings.openCounts())) this.set({ severity }, count);
        },
      }),
    );
  }

  @Every(everyMs)
  async resolveUnseen(): Promise<void> {
    await this.findings.forget(new Date(Date.now() - retentionMs));
  }
}
