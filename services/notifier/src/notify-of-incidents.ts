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
import { Store } from '@tidewaiter/store';

import { Channels } from './channels.js';
import { incidentMessage, type IncidentReport } from './incident-message.js';
import { IncidentReports } from './incident-reports.js';
import { Notifications } from './notifications.js';

/** Tells people of incidents: when one opens, when it grows worse, and, who asks for it, when it is over. */
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
    await this.#tell(id, data, 'firing');
  }

  @Subscribe(consumers.notifier, incidentUpdated)
  async updated({ id, data }: EventOf<typeof incidentUpdated>): Promise<void> {
    await this.#tell(id, data, 'firing');
  }

  @Subscribe(consumers.notifier, incidentResolved)
  async resolved({ id, data }: EventOf<typeof incidentResolved>): Promise<void> {
    await this.#tell(id, data, 'resolved');
  }

  async #tell(
    eventId: string,
    { incidentId, revision }: DataOf<typeof incidentOpened>,
    status: Alert['status'],
  ): Promise<void> {
    const report = await this.reports.of(incidentId);
    await this.store.once(consumers.notifier.name, eventId, async (tx) => {
      // What has become of it since comes with an event of its own.
      if (!report || report.revision > revision) return;
      const { consoleUrl } = this.channels;
      await this.notifications.add(tx, eventId, [{ alert: alertOf(report, status), about: report }], {
        isNews: () => status === 'firing',
        message: () => incidentMessage(report, { consoleUrl }),
        edition: { subject: incidentId, revision },
      });
    });
  }
}

function alertOf(report: IncidentReport, status: Alert['status']): Alert {
  const { imageReference, imageDigest, namespace, pod, cluster, techniques } = report;
  const [, repository, tag] = /^(.*?)(?::([^:/]+))?$/s.exec(imageReference ?? '') ?? [];
  const given = {
    repository: repository && withoutHost(repository),
    tag,
    digest: imageDigest,
    namespace,
    workload: pod,
    cluster,
    technique: techniques[0],
  };
  const labels: Labels = {
    kind: 'incident',
    severity: report.severity,
    rule: report.rule,
    running: 'true',
    new: 'true',
  };
  for (const [name, value] of Object.entries(given)) if (value) labels[name] = value;
  return {
    identity: JSON.stringify(['incident', report.id]),
    labels,
    annotations: { summary: report.title },
    status,
    startsAt: report.firstSeen,
    endsAt: status === 'resolved' ? report.lastSeen : null,
  };
}

/** `registry.example.com:5000/shop/app` is `shop/app`, as pushes call it. */
function withoutHost(repository: string): string {
  const [first = '', ...rest] = repository.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return isHost ? rest.join('/') : repository;
}
