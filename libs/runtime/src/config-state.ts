import { type ManagedEntrySet, TidewaiterError } from '@tidewaiter/domain';
import type { Registry } from 'prom-client';

import { metricCatalog } from './metric-catalog.js';
import { gaugeIn } from './metrics.js';

/** Reason why a configuration was refused. */
export interface ConfigError {
  code: string;
  /** Names the wrong keys, one a line, and never a value. */
  message: string;
}

/** Whether a service runs with the configuration that its files hold now. */
export class ConfigState {
  #error: ConfigError | null = null;
  #loadedAt = new Date();
  #managed: ManagedEntrySet | null;
  #reload: (() => void) | undefined;
  #isOffered = false;
  #overridden: readonly string[] = [];

  /** @param managed entries that the service starts with; null if the database is away */
  constructor(managed: ManagedEntrySet | null = null) {
    this.#managed = managed;
  }

  /** Null while the last reload worked. */
  get error(): ConfigError | null {
    return this.#error;
  }

  /** When the configuration in use was read. */
  get loadedAt(): Date {
    return this.#loadedAt;
  }

  /** Managed entries that were read last; null while the database has not been asked. */
  get managed(): ManagedEntrySet | null {
    return this.#managed;
  }

  /** Takes managed entries and reloads the configuration with them. */
  offer(managed: ManagedEntrySet): void {
    this.#managed = managed;
    this.#isOffered = true;
    this.#reload?.();
  }

  /** @param reload reads the configuration; called for an earlier offer, too */
  onOffer(reload: () => void): void {
    this.#reload = reload;
    if (this.#isOffered) reload();
  }

  /** Names of managed entries that the files of this process override. */
  get overridden(): readonly string[] {
    return this.#overridden;
  }

  overrides(entries: readonly string[]): void {
    this.#overridden = entries;
  }

  loaded(): void {
    this.#error = null;
    this.#loadedAt = new Date();
  }

  failed(error: unknown): void {
    this.#error =
      error instanceof TidewaiterError
        ? { code: error.code, message: error.message }
        : { code: 'INTERNAL', message: 'the reload failed; the log has the reason' };
  }

  /** Registers the gauges of the configuration: one failing reload is worth an alert. */
  measuredBy(registry: Registry): void {
    gaugeIn(registry, metricCatalog.configReloadSuccessful, (gauge) => gauge.set(this.#error === null ? 1 : 0));
    gaugeIn(registry, metricCatalog.configLoadedTimestamp, (gauge) =>
      gauge.set(Math.floor(this.#loadedAt.getTime() / 1000)),
    );
  }
}
