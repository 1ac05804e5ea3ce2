import { Injectable } from '@nestjs/common';
import { IncidentContexts, Incidents } from '@tidewaiter/store';

import type { IncidentReport } from './incident-message.js';

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
