import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import type { Alert, Labels } from '@tidewaiter/domain';
import {
  consumers,
  type DataOf,
  type EventOf,
  incidentOpened,
  incidentResolved,
  incidentUpdated,
} from '@tidewaiter/events';
import { incidentMessage, type IncidentReport } from '@tidewaiter/messages';
import { Store } from '@tidewaiter/store';

import { Channels } from './channels.js';
import { imageNames } from './image-names.js';
import { IncidentReports } from './incident-reports.js';
import { Notifications } from './notifications.js';

/** Tells people of incidents: when one opens, grows worse or opens again; of everything else those who show how it stands. */
@Controller()
export class NotifyOfIncidents {
  constructor(
    private readonly store: Store,
    private readonly reports: IncidentReports,
    private readonly notifications: Notifications,
    private readonly channels: Channels,
  ) {}

  @Subscribe(consumers.notifier, incidentOpened)
  async opened({ id, data }: EventOf<typeof incidentOpened>): Promise<void> {
    await this.#tell(id, data);
  }

  @Subscribe(consumers.notifier, incidentUpdated)
  async updated({ id, data }: EventOf<typeof incidentUpdated>): Promise<void> {
    await this.#tell(id, data);
  }

  @Subscribe(consumers.notifier, incidentResolved)
  async resolved({ id, data }: EventOf<typeof incidentResolved>): Promise<void> {
    await this.#tell(id, data);
  }

  async #tell(eventId: string, { incidentId, revision }: DataOf<typeof incidentOpened>): Promise<void> {
    const report = await this.reports.of(incidentId);
    await this.store.once(consumers.notifier.name, eventId, async (tx) => {
      if (!report || isOutdated(report, revision)) return;
      const { consoleUrl } = this.channels;
      await this.notifications.addState(tx, eventId, {
        alert: alertOf(report),
        about: report,
        message: incidentMessage(report, { consoleUrl }),
        edition: { subject: incidentId, revision },
        isForAll: isForAll(report, revision),
      });
    });
  }
}

/** What people need not hear of who do not watch it. */
const forFollowers: ReadonlySet<string> = new Set(['updated', 'acknowledged']);

/** Whether something has become of it since that everybody hears of: that comes with an event of its own. */
export function isOutdated({ revisions }: Pick<IncidentReport, 'revisions'>, revision: number): boolean {
  return revisions.some((each) => each.revision > revision && !forFollowers.has(each.kind));
}

export function isForAll({ revisions }: Pick<IncidentReport, 'revisions'>, revision: number): boolean {
  const told = revisions.find((each) => each.revision === revision);
  return told === undefined || !forFollowers.has(told.kind);
}

export function alertOf({ incident, owner }: IncidentReport): Alert {
  const { image, imageDigest, namespace, workload, cluster, techniques, findings, rules, workloads } = incident;
  const given = {
    rule: rules[0]?.title ?? incident.title,
    ...imageNames(image),
    digest: imageDigest,
    namespace,
    // Before there were workloads this was the pod.
    workload: workload ?? workloads[0]?.pods[0],
    cluster,
    technique: techniques[0],
    finding: findings[0],
    owner,
  };
  const labels: Labels = { kind: 'incident', severity: incident.severity, running: 'true', new: 'true' };
  for (const [name, value] of Object.entries(given)) if (value) labels[name] = value;
  return {
    identity: JSON.stringify(['incident', incident.id]),
    labels,
    annotations: { summary: incident.title, description: incident.sentence },
    status: incident.state === 'open' ? 'firing' : 'resolved',
    startsAt: incident.firstSeen,
    endsAt: incident.state === 'open' ? null : incident.lastSeen,
  };
}
