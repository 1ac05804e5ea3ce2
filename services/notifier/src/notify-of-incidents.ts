import { AsyncLocalStorage } from 'node:async_hooks';

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
import { GroupCommit, Store, type Transaction } from '@tidewaiter/store';

import { Channels } from './channels.js';
import { imageNames } from './image-names.js';
import { IncidentReports } from './incident-reports.js';
import { Notifications } from './notifications.js';

interface IncidentEvent extends DataOf<typeof incidentOpened> {
  id: string;
  /** Runs something as a part of what handles the event, for its trace. */
  inContext<T>(work: () => T): T;
}

/** What waits is bounded by what the bus hands out at once. */
const tellingLimits = { concurrency: 1, batchBytes: 64, waitingBytes: Infinity, timeoutMs: 60_000 };

/** Tells people of incidents: when one opens, grows worse or opens again; of everything else those who show how it stands. */
@Controller()
export class NotifyOfIncidents {
  /** Events that come while others are told share their questions and one transaction: each costs a fraction of what it does alone. */
  readonly #telling = new GroupCommit(
    async (events: readonly IncidentEvent[]) => this.#tellTogether(events),
    tellingLimits,
  );

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

  async #tell(id: string, data: DataOf<typeof incidentOpened>): Promise<void> {
    await this.#telling.add({ ...data, id, inContext: AsyncLocalStorage.snapshot() }, 1);
  }

  async #tellTogether(events: readonly IncidentEvent[]): Promise<void[]> {
    for (const round of rounds(events)) await this.#tellRound(round);
    return events.map(() => undefined);
  }

  /** Tells of several incidents in one transaction. */
  async #tellRound(events: readonly IncidentEvent[]): Promise<void> {
    const reports = await this.reports.of(events.map(({ incidentId }) => incidentId));
    const byId = new Map(events.map((event) => [event.id, event]));
    await this.store.onceEach(consumers.notifier.name, [...byId.keys()], async (tx, id) => {
      const event = byId.get(id)!;
      const report = reports.get(event.incidentId);
      if (report && !isOutdated(report, event.revision) && !isReportedByPush(report))
        await event.inContext(() => this.#tellOf(tx, event, report));
    });
  }

  async #tellOf(tx: Transaction, { id, incidentId, revision }: IncidentEvent, report: IncidentReport): Promise<void> {
    const { consoleUrl } = this.channels;
    await this.notifications.addState(tx, id, {
      alert: alertOf(report),
      about: report,
      message: incidentMessage(report, { consoleUrl }),
      edition: { subject: incidentId, revision },
      isForAll: isForAll(report, revision),
    });
  }
}

/** The events in groups of which each has one of every incident, in their order: what is told of one counts for the next. */
export function rounds<Event extends { incidentId: string }>(events: readonly Event[]): Event[][] {
  const groups: Event[][] = [];
  const seen = new Map<string, number>();
  for (const event of events) {
    const round = seen.get(event.incidentId) ?? 0;
    seen.set(event.incidentId, round + 1);
    (groups[round] ??= []).push(event);
  }
  return groups;
}

/** What people need not hear of who do not watch it. */
const forFollowers: ReadonlySet<string> = new Set(['updated', 'acknowledged']);

/** Whether something has become of it since that everybody hears of: that comes with an event of its own. */
export function isOutdated({ revisions }: Pick<IncidentReport, 'revisions'>, revision: number): boolean {
  return revisions.some((each) => each.revision > revision && !forFollowers.has(each.kind));
}

/** One push alone: its own message says the same. Once anything more belongs to the incident, the incident is reported. */
export function isReportedByPush({ incident }: Pick<IncidentReport, 'incident'>): boolean {
  const events = new Set(incident.evidence.map(({ event }) => event));
  return events.size === 1 && incident.evidence.every(({ source }) => source === 'registry');
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
