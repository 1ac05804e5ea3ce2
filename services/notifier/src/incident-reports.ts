import { Injectable } from '@nestjs/common';
import type { IncidentReport } from '@tidewaiter/messages';
import { IncidentContexts, Incidents } from '@tidewaiter/store';

/** Gathers what there is to say about an incident. */
@Injectable()
export class IncidentReports {
  constructor(
    private readonly incidents: Incidents,
    private readonly contexts: IncidentContexts,
  ) {}

  async of(incidentId: string): Promise<IncidentReport | null> {
    const incident = await this.incidents.get(incidentId);
    if (!incident) return null;
    const [revisions, context] = await Promise.all([this.incidents.revisions(incidentId), this.contexts.of(incident)]);
    return { incident, revisions, context };
  }
}
