import { hostname } from 'node:os';

import { Injectable } from '@nestjs/common';
import { ConfigState, Every } from '@tidewaiter/runtime';

import { columnsOf } from './columns.js';
import { excluded, valuesOf } from './row-sets.js';
import { ServiceConfigurationRow } from './service-configuration-row.js';
import { Store } from './store.js';

const lookEveryMs = 1_000;
/** Pace of reports without a change, which show that the process runs. */
const reportEveryMs = 15_000;

const columns = columnsOf(ServiceConfigurationRow);
const reported = valuesOf(ServiceConfigurationRow, [
  'service',
  'instance',
  'loadedAt',
  'errorCode',
  'errorMessage',
  'overridden',
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
  async running(): Promise<ServiceConfigurationRow[]> {
    return this.store.rows(
      columns,
      "FROM service_configuration WHERE seen_at > now() - interval '1 minute' ORDER BY service, instance",
    );
  }

  /** Reports a change within {@link lookEveryMs}. */
  @Every(lookEveryMs)
  async report(): Promise<void> {
    const { loadedAt, error, overridden } = this.state;
    const current = JSON.stringify([loadedAt, error, overridden]);
    const now = performance.now();
    if (current === this.#reported && now - this.#reportedAt < reportEveryMs) return;
    await this.store.query(
      `INSERT INTO service_configuration (${reported.columns}, seen_at) VALUES (${reported.values}, now())
       ON CONFLICT (service, instance) DO UPDATE SET ${excluded(ServiceConfigurationRow, ['loadedAt', 'seenAt', 'errorCode', 'errorMessage', 'overridden'])}`,
      reported.parameters({
        service: this.store.service,
        instance: `${hostname()}/${process.pid}`,
        loadedAt,
        errorCode: error?.code ?? null,
        errorMessage: error?.message ?? null,
        overridden: [...overridden],
      }),
    );
    this.#reported = current;
    this.#reportedAt = now;
  }
}
