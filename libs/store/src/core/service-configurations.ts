import { hostname } from 'node:os';

import { Injectable } from '@nestjs/common';
import { ConfigState, Every } from '@tidewaiter/runtime';

import type { ServiceConfigurationRow } from './service-configuration-row.js';
import { Store } from './store.js';

const reportEveryMs = 15_000;

/** Reports the state of the configuration of this process, and lists that of all others. */
@Injectable()
export class ServiceConfigurations {
  constructor(
    private readonly store: Store,
    private readonly state: ConfigState,
  ) {}

  /** Configurations of processes that reported within the last minute. */
  async running(): Promise<ServiceConfigurationRow[]> {
    return this.store.query<ServiceConfigurationRow>(
      `SELECT service, instance, loaded_at AS "loadedAt", seen_at AS "seenAt", error_code AS "errorCode",
         error_message AS "errorMessage"
       FROM service_configuration WHERE seen_at > now() - interval '1 minute' ORDER BY service, instance`,
    );
  }

  @Every(reportEveryMs)
  async report(): Promise<void> {
    const { loadedAt, error } = this.state;
    await this.store.query(
      `WITH gone AS (DELETE FROM service_configuration WHERE seen_at < now() - interval '1 day')
       INSERT INTO service_configuration (service, instance, loaded_at, seen_at, error_code, error_message)
       VALUES ($1, $2, $3, now(), $4, $5)
       ON CONFLICT (service, instance) DO UPDATE SET loaded_at = excluded.loaded_at, seen_at = excluded.seen_at,
         error_code = excluded.error_code, error_message = excluded.error_message`,
      [this.store.service, `${hostname()}/${process.pid}`, loadedAt, error?.code ?? null, error?.message ?? null],
    );
  }
}
