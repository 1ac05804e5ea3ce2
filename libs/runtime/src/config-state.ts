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

/** Parts of the configuration in use that users see from outside. */
export interface ConfigInUse {
  /** Names of managed entries that files override, which only their service knows. */
  overridden?: readonly string[];
  /** Text of the routing file, without its secrets; null without one. */
  routing?: string | null;
}

/** Whether a service runs with the configuration that its files hold now. */
export class ConfigState {
  #error: ConfigError | null = null;
  readonly #partErrors = new Map<string, ConfigError>();
  #loadedAt = new Date();
  #managed: ManagedEntrySet | null;
  #reload: (() => void) | undefined;
  #isOffered = false;
  #overridden: readonly string[] = [];
  #routing: string | null = null;

  /** @param managed entries that the service starts with; null if the database is away */
  constructor(managed: ManagedEntrySet | null = null) {
    this.#managed = managed;
  }

  /** Null while the last reload worked, and every part of the files is in use as it is now. */
  get error(): ConfigError | null {
    return this.#error ?? this.#partErrors.values().next().value ?? null;
  }

  /**
   * Reports a part that its service reloads by itself, such as the rules.
   * @param error null once the part is in use as it is now
   */
  partLoaded(part: string, error: ConfigError | null): void {
    if (error === null) this.#partErrors.delete(part);
    else this.#partErrors.set(part, error);
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

  /** Text of the routing file in use, without its secrets; null without one. */
  get routing(): string | null {
    return this.#routing;
  }

  uses({ overridden = [], routing = null }: ConfigInUse): void {
    this.#overridden = overridden;
    this.#routing = routing;
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
    gaugeIn(registry, metricCatalog.configReloadSuccessful, (gauge) => gauge.set(this.error === null ? 1 : 0));
    gaugeIn(registry, metricCatalog.configLoadedTimestamp, (gauge) =>
      gauge.set(Math.floor(this.#loadedAt.getTime() / 1000)),
    );
  }
}
