import { Injectable } from '@nestjs/common';
import { AccessDenied, InvalidInput, LimitExceeded, NotFound, Unavailable } from '@tidewaiter/domain';
import { counterIn, metricCatalog } from '@tidewaiter/runtime';
import { type Counter, Registry } from 'prom-client';

import type { Connection } from './connections.js';
import type { Receipt } from './receipt.js';

/** Result of a webhook. One with at least one new fact is `accepted`, whatever else it contains. */
export type HookResult =
  | 'accepted'
  | 'duplicate'
  | 'ignored'
  | 'unauthorized'
  | 'invalid'
  | 'limited'
  | 'unavailable'
  | 'failed';

/** The counters of the hooks. */
@Injectable()
export class HookMetrics {
  readonly #webhooks: Counter<'kind' | 'result'>;
  readonly #records: Counter<'sensor' | 'result'>;
  readonly #dropped: Counter<'sensor'>;

  constructor(registry: Registry) {
    this.#webhooks = counterIn(registry, metricCatalog.webhooks);
    this.#records = counterIn(registry, metricCatalog.sensorEvents);
    this.#dropped = counterIn(registry, metricCatalog.sensorDropped);
  }

  /** Counts a webhook; connection names from unknown senders never become labels. */
  count(connection: Pick<Connection, 'kind'> | undefined, result: HookResult): void {
    this.#webhooks.inc({ kind: connection?.kind ?? 'unknown', result });
  }

  /**
   * Counts the events of a sensor's request by outcome; `dropped` events were lost by the sensor
   * before it could report them.
   */
  countRecords({ name }: Connection, { accepted, duplicates, ignored }: Receipt, dropped: number): void {
    for (const [result, events] of Object.entries({ accepted, duplicates, ignored })) {
      this.#records.inc({ sensor: name, result }, events);
    }
    this.#dropped.inc({ sensor: name }, dropped);
  }
}

export function resultOf({ accepted, duplicates }: Receipt): HookResult {
  if (accepted > 0) return 'accepted';
  return duplicates > 0 ? 'duplicate' : 'ignored';
}

const slowDown = new Set(['INTAKE_BUSY', 'STREAM_FULL']);

export function resultOfError(error: unknown): HookResult {
  if (error instanceof AccessDenied) return 'unauthorized';
  if (error instanceof Unavailable) return slowDown.has(error.code) ? 'limited' : 'unavailable';
  const isTheirs = error instanceof InvalidInput || error instanceof NotFound || error instanceof LimitExceeded;
  return isTheirs ? 'invalid' : 'failed';
}
