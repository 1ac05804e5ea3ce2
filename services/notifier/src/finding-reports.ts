import { Injectable } from '@nestjs/common';
import { isAtLeast } from '@tidewaiter/domain';
import type { EventOf, findingOpened } from '@tidewaiter/events';
import type { FindingReport } from '@tidewaiter/messages';
import { Findings, Judgements } from '@tidewaiter/store';

/** Gathers what there is to say about an advisory that hits images, or no longer does. */
@Injectable()
export class FindingReports {
  constructor(
    private readonly judgements: Judgements,
    private readonly findings: Findings,
  ) {}

  async of({ time, data }: EventOf<typeof findingOpened>, status: FindingReport['status']): Promise<FindingReport> {
    const { id, kind, advisoryId, title, severity, purls, isNews } = data;
    // As with pushes: what nobody has rated may be critical.
    const isAlarming = isAtLeast(severity, 'high') || severity === 'unknown';
    const places = isNews && isAlarming ? await this.judgements.places(data, purls) : [];
    const exploitation = await this.findings.exploitation(id);
    return { kind, id, advisoryId, title, severity, exploitation, status, at: time, places };
  }
}
