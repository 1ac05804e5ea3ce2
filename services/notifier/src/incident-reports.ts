import { Injectable } from '@nestjs/common';
import { techniqueOf } from '@tidewaiter/detection';
import { type Incident, Incidents, Pushes } from '@tidewaiter/store';

import type { IncidentReport } from './incident-message.js';

/** Gathers what there is to say about an incident. */
@Injectable()
export class IncidentReports {
  constructor(
    private readonly incidents: Incidents,
    private readonly pushes: Pushes,
  ) {}

  async of(incidentId: string): Promise<IncidentReport | null> {
    const incident = await this.incidents.get(incidentId);
    const [event] = incident?.evidence ?? [];
    if (!incident || !event) return null;
    const push = incident.imageDigest === null ? null : await this.pushes.newestOf(incident.imageDigest);
    return {
      id: incident.id,
      number: incident.number,
      rule: incident.rule,
      title: incident.title,
      severity: incident.severity,
      status: incident.state,
      revision: incident.revision,
      imageReference: imageReference(incident),
      imageDigest: incident.imageDigest,
      known: push !== null,
      cluster: incident.cluster,
      namespace: incident.namespace,
      pod: event.kubernetes?.pod ?? null,
      container: event.container?.name ?? event.container?.id ?? null,
      commandLine: event.process?.commandLine ?? null,
      user: event.process?.user ?? null,
      sensor: event.sensor,
      priority: event.priority,
      count: incident.count,
      firstSeen: incident.firstSeen,
      lastSeen: incident.lastSeen,
      techniques: event.tags.flatMap((tag) => techniqueOf(tag) ?? []),
      tags: event.tags.filter((tag) => techniqueOf(tag) === null),
      imageFacts: {
        counts: push?.counts ?? null,
        isJudged: push !== null && push.verdict !== 'unknown',
        pushedAt: (push?.pushedAt ?? push?.receivedAt)?.toISOString() ?? null,
        pushedBy: push?.pushedBy ?? null,
      },
    };
  }
}

function imageReference({ imageRepository, imageTag }: Incident): string | null {
  if (imageRepository === null) return null;
  return imageTag === null ? imageRepository : `${imageRepository}:${imageTag}`;
}
