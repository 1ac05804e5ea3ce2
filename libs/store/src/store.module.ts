import { type Abstract, type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { AgeLimits } from '@tidewaiter/advisories';
import type { Secret } from '@tidewaiter/domain';
import { noRules, type Rules } from '@tidewaiter/policy';
import {
  gaugeIn,
  metricCatalog,
  Health,
  Logger,
  type OwnerSettings,
  type RetentionDays,
  ServerWaits,
} from '@tidewaiter/runtime';
import { Registry } from 'prom-client';

import { MaxAdvisoryAges } from './advisories/max-advisory-ages.js';
import { DatabaseLife } from './core/database-life.js';
import { DeadLetters } from './core/dead-letters.js';
import { Jobs } from './core/jobs.js';
import { Lists, OwnerRules } from './core/lists.js';
import { Received } from './core/received.js';
import { type EventPublisher, OutboxRelay } from './core/relay.js';
import { RestoredEvents } from './core/restored-events.js';
import { defaultRetention } from './core/retention.js';
import { ServiceConfigurations } from './core/service-configurations.js';
import { StoreConnection } from './core/store-connection.js';
import { Store } from './core/store.js';
import { OutboxSweeper } from './core/sweeper.js';
import { TableActivity } from './core/table-activity.js';
import { EvaluationRules } from './images/pushes/verdicts.js';

export interface StoreOptions {
  /** Name of the service, which becomes the `source` of its events. */
  service: string;
  url: Secret;
  poolSize: number;
  /** Bus that the outbox is published on. */
  publisher: Abstract<EventPublisher>;
  /** Rules of the settings; without any, only findings count. */
  rules?: Rules;
  /** Owners of the settings, by which lists are filtered; none unless given. */
  owners?: OwnerSettings;
  /** Ages of advisories that give a warning; a week unless given. */
  maxAdvisoryAges?: AgeLimits;
  /** Retention of the tables that the service writes; the defaults unless given. */
  retention?: RetentionDays;
  /** Whether the service starts without PostgreSQL, which it then connects in the background. */
  startsWithout?: boolean;
}

const repositories = [
  DatabaseLife,
  DeadLetters,
  Jobs,
  Lists,
  Received,
  RestoredEvents,
  ServiceConfigurations,
  TableActivity,
];

/** Age of the oldest unpublished event from which on the bus counts as unavailable. */
const maxOutboxAgeSeconds = 60;

/**
 * PostgreSQL for one service: transactions, jobs and dead letters, and the relay and sweeper of its
 * outbox. Repositories come from the module of their room, which a service imports where it uses
 * one.
 */
@Module({})
export class StoreModule implements OnApplicationShutdown {
  static forRoot({
    service,
    url,
    poolSize,
    publisher,
    rules = noRules,
    owners,
    maxAdvisoryAges,
    retention = defaultRetention,
    startsWithout = false,
  }: StoreOptions): DynamicModule {
    return {
      module: StoreModule,
      global: true,
      providers: [
        {
          provide: StoreConnection,
          useFactory: (log: Logger, waits: ServerWaits) => {
            const options = { url, poolSize, name: service, log, waits };
            return startsWithout ? StoreConnection.inBackground(options) : StoreConnection.wait(options);
          },
          inject: [Logger, ServerWaits],
        },
        {
          provide: Store,
          useFactory: (connection: StoreConnection) => new Store(connection, service),
          inject: [StoreConnection],
        },
        ...repositories,
        { provide: OwnerRules, useValue: new OwnerRules(owners) },
        { provide: EvaluationRules, useValue: new EvaluationRules(rules) },
        { provide: MaxAdvisoryAges, useValue: new MaxAdvisoryAges(maxAdvisoryAges) },
        {
          provide: OutboxRelay,
          useFactory: (store: Store, bus: EventPublisher, logger: Logger) => new OutboxRelay(store, bus, logger),
          inject: [Store, publisher, Logger],
        },
        {
          provide: OutboxSweeper,
          useFactory: (store: Store, logger: Logger) => new OutboxSweeper(store, logger, retention),
          inject: [Store, Logger],
        },
      ],
      exports: [Store, EvaluationRules, MaxAdvisoryAges, ...repositories],
    };
  }

  constructor(
    @Inject(StoreConnection) private readonly connection: Pick<StoreConnection, 'close'>,
    relay: OutboxRelay,
    health: Health,
    metrics: Registry,
  ) {
    health.add('postgres', async () =>
      (await relay.oldestSeconds()) > maxOutboxAgeSeconds ? 'events are not published' : undefined,
    );
    gaugeIn(metrics, metricCatalog.outboxOldest, async (gauge) => {
      // Unknown while PostgreSQL is away; the other metrics are wanted most then.
      gauge.set(await relay.oldestSeconds().catch(() => Number.NaN));
    });
  }

  // Nest calls a module after its providers, so relay and sweeper have stopped by now.
  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}
