import { hostname } from 'node:os';

import { Injectable } from '@nestjs/common';
import { ConfigState, Every } from '@tidewaiter/runtime';

import { columnsOf, type RowOf } from './columns.js';
import { excluded, valuesOf } from './row-sets.js';
import { ServiceConfigurationRow } from './service-configuration-row.js';
import { Store } from './store.js';

const lookEveryMs = 1_000;
/** Pace of reports without a change, which show that the process runs. */
const reportEveryMs = 15_000;

const columns = columnsOf(ServiceConfigurationRow, { omit: ['routing'] });
const routingColumns = columnsOf(ServiceConfigurationRow, { only: ['instance', 'loadedAt', 'routing'] }).notNull(
  'routing',
);
const isRunning = "seen_at > now() - interval '1 minute'";
const reported = valuesOf(ServiceConfigurationRow, [
  'service',
  'instance',
  'loadedAt',
  'errorCode',
  'errorMessage',
  'overridden',
  'routing',
]);

/** Reports the state of the configuration of this process, and lists that of all others. */
@Injectable()
export class ServiceConfigurations {
  #reported = '';
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: Store,
    private readonly state: ConfigState,
  ) {}

  /** Configurations of processes that reported within the last minute. */
  async running(): Promise<RowOf<typeof columns>[]> {
    return this.store.rows(columns, `FROM service_configuration WHERE ${isRunning} ORDER BY service, instance`);
  }

  /** Routing files in effect, without their secrets, of the same processes. */
  async routings(): Promise<RowOf<typeof routingColumns>[]> {
    return this.store.rows(
      routingColumns,
      `FROM service_configuration WHERE ${isRunning} AND routing IS NOT NULL ORDER BY loaded_at, instance`,
    );
  }

  /** Reports a change within {@link lookEveryMs}. */
  @Every(lookEveryMs)
  async report(): Promise<void> {
    const { loadedAt, error, overridden, routing } = this.state;
    const current = JSON.stringify([loadedAt, error, overridden, routing]);
    const now = performance.now();
    if (current === this.#reported && now - this.#reportedAt < reportEveryMs) return;
    await this.store.query(
      `INSERT INTO service_configuration (${reported.columns}, seen_at) VALUES (${reported.values}, now())
       ON CONFLICT (service, instance) DO UPDATE SET ${excluded(ServiceConfigurationRow, ['loadedAt', 'seenAt', 'errorCode', 'errorMessage', 'overridden', 'routing'])}`,
      reported.parameters({
        service: this.store.service,
        instance: `${hostname()}/${process.pid}`,
        loadedAt,
        errorCode: error?.code ?? null,
        errorMessage: error?.message ?? null,
        overridden: [...overridden],
        routing,
      }),
    );
    this.#reported = current;
    this.#reportedAt = now;
  }
}
