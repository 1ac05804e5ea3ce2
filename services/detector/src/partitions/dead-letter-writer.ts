import { Injectable } from '@nestjs/common';
import type { StreamMessage } from '@tidewaiter/bus';
import type { DetectionAlert, WideMatch } from '@tidewaiter/detection';
import { type RuntimeRecord, TidewaiterError } from '@tidewaiter/domain';
import { Logger } from '@tidewaiter/runtime';
import { redactedReason } from '@tidewaiter/secrets';
import { DeadLetters, type EvaluatedObject } from '@tidewaiter/store';
import { v5 as uuidv5 } from 'uuid';

import { DetectorMetrics } from '../detector-metrics.js';

/** Namespace of ids derived from alerts and from positions in the stream. An arbitrary UUID. */
const namespace = '0c5b1f6e-5a0f-4a57-9d57-0d2f6f6a3b41';

/** Saves records and results that cannot be evaluated or stored, as dead letters. */
@Injectable()
export class DeadLetterWriter {
  constructor(
    private readonly deadLetters: DeadLetters,
    private readonly metrics: DetectorMetrics,
    private readonly log: Logger,
  ) {}

  /**
   * Saves a message, or one record of it, with the reason. Reading it again after a crash saves no
   * second dead letter.
   */
  async record(subject: string, message: StreamMessage, record: RuntimeRecord | null, error: unknown): Promise<void> {
    const { life, sequence } = message.place;
    await this.deadLetters.save({
      consumer: 'detector',
      eventId: uuidv5(JSON.stringify([life, sequence, record?.id ?? null]), namespace),
      subject: record?.sensor ?? subject,
      payload: record ? Buffer.from(JSON.stringify(record)) : message.data,
      ...reasonOf(error),
      attempts: 1,
    });
    this.metrics.deadLettered(record);
    this.log.error({ subject, sequence, event_id: record?.id, err: error }, 'runtime event dead-lettered');
  }

  /** Saves an alert that PostgreSQL or the builder of incidents will never accept. */
  async alert(alert: DetectionAlert, error: unknown): Promise<void> {
    await this.#save(alert.id, alert, alert.rule.title, error);
    this.log.error({ alert: alert.id, rule: alert.rule.title, err: error }, 'alert dead-lettered');
  }

  /** Saves a match for correlations over all partitions that can never be stored. */
  async match(match: WideMatch, error: unknown): Promise<void> {
    await this.#save(match.id, match, match.rules.join(' '), error);
    this.log.error({ event_id: match.id, rules: match.rules, err: error }, 'match dead-lettered');
  }

  /** Saves an object whose findings can never be stored. */
  async object(object: EvaluatedObject, error: unknown): Promise<void> {
    const place = [object.cluster, object.namespace, object.kind, object.name].join('/');
    await this.#save(JSON.stringify([place, object.version]), object, place, error);
    this.log.error({ object: place, err: error }, 'object findings dead-lettered');
  }

  async #save(id: string, result: object, subject: string, error: unknown): Promise<void> {
    await this.deadLetters.save({
      consumer: 'detector',
      eventId: uuidv5(id, namespace),
      subject,
      payload: Buffer.from(JSON.stringify(result)),
      ...reasonOf(error),
      attempts: 1,
    });
  }
}

function reasonOf(error: unknown): { code: string; reason: string } {
  const code = error instanceof TidewaiterError ? error.code : 'INTERNAL';
  return { code, reason: redactedReason(error) };
}
