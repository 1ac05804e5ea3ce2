import { Injectable } from '@nestjs/common';
import type { IncidentReport } from '@tidewaiter/messages';
import { IncidentContexts, Incidents, type StoredIncident, Owners, type RunningImage } from '@tidewaiter/store';

import { imageNames } from './image-names.js';

/** Builds the reports of incidents. */
@Injectable()
export class IncidentReports {
  constructor(
    private readonly incidents: Incidents,
    private readonly contexts: IncidentContexts,
    private readonly owners: Owners,
  ) {}

  /** By their ids; without those that there are not. Many cost hardly more questions than one. */
  async of(incidentIds: readonly string[]): Promise<Map<string, IncidentReport>> {
    const incidents = await this.incidents.getWithoutRecords(incidentIds);
    const [revisions, contexts, owners] = await Promise.all([
      this.incidents.revisionsOf(incidentIds),
      this.contexts.ofAll(incidents),
      this.owners.ofRunning(incidents.map(runningImage)),
    ]);
    const reports = incidents.map((incident, index): IncidentReport => ({
      incident,
      revisions: revisions.get(incident.id) ?? [],
      context: contexts[index]!,
      owner: owners[index] ?? null,
    }));
    return new Map(reports.map((report) => [report.incident.id, report]));
  }
}

function runningImage({ image, imageDigest: digest, cluster, namespace }: StoredIncident): RunningImage {
  const { repository } = imageNames(image);
  return { repository, digest, place: namespace === null ? null : { cluster, namespace } };
}
