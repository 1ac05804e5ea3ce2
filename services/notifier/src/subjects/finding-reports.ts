import { Injectable } from '@nestjs/common';
import { isAtLeast } from '@tidewaiter/domain';
import type { EventOf, findingOpened } from '@tidewaiter/events';
import type { FindingReport } from '@tidewaiter/messages';
import { Findings, Verdicts, Owners } from '@tidewaiter/store';

/** Builds the report of an advisory that affects images, or no longer does. */
@Injectable()
export class FindingReports {
  constructor(
    private readonly evaluations: Verdicts,
    private readonly findings: Findings,
    private readonly owners: Owners,
  ) {}

  async of({ time, data }: EventOf<typeof findingOpened>, status: FindingReport['status']): Promise<FindingReport> {
    const { id, kind, advisoryId, title, severity, purls, isNews, reason = 'advisory' } = data;
    // As with pushes, an unknown severity may be critical; what is exploited is urgent whatever its
    // severity.
    const isAlarming = isAtLeast(severity, 'high') || severity === 'unknown' || reason !== 'advisory';
    const hit = isNews && isAlarming ? await this.evaluations.places(data, purls) : [];
    const [owners, exploitation] = await Promise.all([this.owners.ofImages(hit), this.findings.exploitation(id)]);
    const places = hit.map((place, index) => ({ ...place, owner: owners[index] ?? null }));
    return { kind, id, advisoryId, title, severity, exploitation, status, reason, at: time, places };
  }
}
