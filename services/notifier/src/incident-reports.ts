import { Injectable } from '@nestjs/common';
import type { IncidentReport } from '@tidewaiter/messages';
import { IncidentContexts, Incidents } from '@tidewaiter/store';

import { imageNames } from './image-names.js';
import { Owners } from './owners.js';

/** Gathers what there is to say about an incident. */
@Injectable()
export class IncidentReports {
  constructor(
    private readonly incidents: Incidents,
    private readonly contexts: IncidentContexts,
    private readonly owners: Owners,
  ) {}

  async of(incidentId: string): Promise<IncidentReport | null> {
    const incident = await this.incidents.get(incidentId);
    if (!incident) return null;
    const { image, imageDigest: digest, cluster, namespace } = incident;
    const { repository } = imageNames(image);
    const place = namespace === null ? null : { cluster, namespace };
    const [revisions, context, owner] = await Promise.all([
      this.incidents.revisions(incidentId),
      this.contexts.of(incident),
      this.owners.ofRunning({ repository, digest }, place),
    ]);
    return { incident, revisions, context, owner };
  }
}
