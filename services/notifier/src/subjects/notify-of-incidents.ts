import { AsyncLocalStorage } from 'node:async_hooks';

import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { type Alert, type Labels, triageKinds } from '@tidewaiter/domain';
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

import { Channels } from '../delivery/channels.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { imageNames } from './image-names.js';
import { IncidentReports } from './incident-reports.js';

interface IncidentEvent extends DataOf<typeof incidentOpened> {
  id: string;
  /** Runs work in the trace context of the event. */
  inContext<T>(work: () => T): T;
}

/**
 * Limits of the batches of events. The number of unacknowledged events on the bus bounds what
 * waits.
 */
const batchLimits = { concurrency: 1, batchBytes: 64, waitingBytes: Infinity, timeoutMs: 60_000 };

/**
 * Notifies of incidents when they open, worsen or reopen. Other changes only update the channels
 * that show the current state.
 */
@Controller()
export class NotifyOfIncidents {
  /**
   * Batches events that arrive while others are handled. They share queries and one transaction,
   * which makes each much cheaper.
   */
  readonly #batch = new GroupCommit(async (events: readonly IncidentEvent[]) => this.#notifyBatch(events), batchLimits);

  constructor(
    private readonly store: Store,
    private readonly reports: IncidentReports,
    private readonly notifications: Dispatcher,
    private readonly channels: Channels,
  ) {}

  @Subscribe(consumers.notifier, incidentOpened)
  async opened({ id, data }: EventOf<typeof incidentOpened>): Promise<void> {
    await this.#notify(id, data);
  }

  @Subscribe(consumers.notifier, incidentUpdated)
  async updated({ id, data }: EventOf<typeof incidentUpdated>): Promise<void> {
    await this.#notify(id, data);
  }

  @Subscribe(consumers.notifier, incidentResolved)
  async resolved({ id, data }: EventOf<typeof incidentResolved>): Promise<void> {
    await this.#notify(id, data);
  }

  async #notify(id: string, data: DataOf<typeof incidentOpened>): Promise<void> {
    await this.#batch.add({ ...data, id, inContext: AsyncLocalStorage.snapshot() }, 1);
  }

  async #notifyBatch(events: readonly IncidentEvent[]): Promise<void[]> {
    for (const round of rounds(events)) await this.#notifyRound(round);
    return events.map(() => undefined);
  }

  /** Adds the notifications of several incidents in one transaction. */
  async #notifyRound(events: readonly IncidentEvent[]): Promise<void> {
    const reports = await this.reports.of(events.map(({ incidentId }) => incidentId));
    const byId = new Map(events.map((event) => [event.id, event]));
    await this.store.onceEach(consumers.notifier.name, [...byId.keys()], async (tx, id) => {
      const event = byId.get(id)!;
      const report = reports.get(event.incidentId);
      if (report && !isOutdated(report, event.revision) && !isReportedByPush(report))
        await event.inContext(() => this.#notifyOf(tx, event, report));
    });
  }

  async #notifyOf(tx: Transaction, { id, incidentId, revision }: IncidentEvent, report: IncidentReport): Promise<void> {
    const { consoleUrl } = this.channels;
    await this.notifications.addState(tx, id, {
      alert: alertOf(report),
      about: report,
      message: incidentMessage(report, { consoleUrl }),
      edition: { subject: incidentId, revision },
      change: report.revisions.find((each) => each.revision === revision)?.kind ?? 'unknown',
      isForAll: isForAll(report, revision),
    });
  }
}

/**
 * Splits events into rounds with at most one event of each incident, in order: the notification of
 * one event affects the next one of that incident.
 */
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

/** Revisions that only channels following the incident get. */
const forFollowers: ReadonlySet<string> = new Set(['updated', ...triageKinds]);

/** Whether a later revision goes to all channels; that revision has its own event. */
export function isOutdated({ revisions }: Pick<IncidentReport, 'revisions'>, revision: number): boolean {
  return revisions.some((each) => each.revision > revision && !forFollowers.has(each.kind));
}

/**
 * Whether the incident consists of one push only, whose own message covers it. Once more evidence
 * belongs to the incident, the incident is reported.
 */
export function isReportedByPush({ incident }: Pick<IncidentReport, 'incident'>): boolean {
  const events = new Set(incident.evidence.map(({ event }) => event));
  return events.size === 1 && incident.evidence.every(({ source }) => source === 'registry');
}

export function isForAll({ revisions }: Pick<IncidentReport, 'revisions'>, revision: number): boolean {
  const state = revisions.find((each) => each.revision === revision);
  return state === undefined || !forFollowers.has(state.kind);
}

export function alertOf({ incident, owner }: IncidentReport): Alert {
  const { image, imageDigest, namespace, workload, cluster, techniques, findings, rules, workloads } = incident;
  const given = {
    rule: rules[0]?.title ?? incident.title,
    ...imageNames(image),
    digest: imageDigest,
    namespace,
    // Incidents from before workloads were recorded have only the pod.
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
