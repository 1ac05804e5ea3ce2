import { randomUUID } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import type { Alert, Labels } from '@tidewaiter/domain';
import { failedPushMessage, type FailedPushReport, failedPushSeverity } from '@tidewaiter/messages';
import { FiringAlerts, type Push, type Transaction, Owners } from '@tidewaiter/store';

import { Dispatcher } from '../dispatch/dispatcher.js';

/** A push with the tag that it is named by. */
type TaggedPush = Push & { tag: string };

/**
 * The alert of a tag whose newest push could not be analyzed: it fires until a push of the tag is
 * analyzed.
 */
@Injectable()
export class FailedPushAlerts {
  constructor(
    private readonly alerts: FiringAlerts,
    private readonly notifications: Dispatcher,
    private readonly owners: Owners,
  ) {}

  /** Notifies once of each digest and code of a tag, however often the same push is repeated. */
  async fire(
    tx: Transaction,
    eventId: string,
    push: TaggedPush,
    failure: Pick<FailedPushReport, 'outcome' | 'code' | 'reason'>,
  ): Promise<void> {
    const report = { ...reportOf(push), ...failure, status: 'firing' as const };
    const alert = alertOf(push, report, await this.#ownerOf(push));
    const before = await this.alerts.labelsOf(tx, alert);
    const isRepeated = before?.['code'] === alert.labels['code'] && before?.['digest'] === alert.labels['digest'];
    await this.notifications.add(tx, { eventId, cause: ['push', push.id, 'failed'] }, [{ alert, about: report }], {
      isNews: () => !isRepeated,
      message: () => failedPushMessage(report),
    });
  }

  /** Ends the alert of a tag, if there is one. */
  async resolve(tx: Transaction, push: TaggedPush, at: string): Promise<void> {
    const report = { ...reportOf(push), outcome: 'refused', code: '', reason: '', status: 'resolved' } as const;
    // The labels that fired decide where its end goes, the owner among them.
    const alert = { ...alertOf(push, report, null), status: 'resolved' as const, endsAt: at };
    const before = await this.alerts.labelsOf(tx, alert);
    if (!before) return;
    const labels = { ...before, new: 'false' };
    // The same event also reports the push itself, perhaps to the same group.
    const occasion = { eventId: randomUUID(), cause: ['push', push.id, 'failure-over'] as const };
    await this.notifications.add(tx, occasion, [{ alert: { ...alert, labels }, about: report }], {
      isNews: () => false,
      message: () => failedPushMessage(report),
    });
  }

  async #ownerOf(push: Push): Promise<string | null> {
    if (push.digest === null) return null;
    const [owner = null] = await this.owners.ofImages([push]);
    return owner;
  }
}

function reportOf(push: TaggedPush) {
  const { registryHost, connection, repository, tag, digest, claimedDigest, pushedBy, pushedAt, receivedAt } = push;
  return {
    registry: registryHost ?? connection,
    repository,
    tag,
    digest: digest ?? claimedDigest,
    pushedBy,
    pushedAt: (pushedAt ?? receivedAt).toISOString(),
  };
}

function alertOf({ connection }: Push, report: FailedPushReport, owner: string | null): Alert {
  const { repository, tag, digest, code, reason, pushedAt } = report;
  const labels: Labels = {
    kind: 'not-analyzed',
    severity: failedPushSeverity,
    rule: 'push-not-analyzed',
    code,
    repository,
    tag,
    new: 'true',
  };
  if (digest !== null) labels['digest'] = digest;
  if (owner !== null) labels['owner'] = owner;
  return {
    // The host of the registry is not known of every push that failed.
    identity: JSON.stringify(['not-analyzed', connection, repository, tag]),
    labels,
    annotations: { summary: `${repository}:${tag} could not be analyzed`, description: `${code}: ${reason}` },
    status: 'firing',
    startsAt: pushedAt,
    endsAt: null,
  };
}
