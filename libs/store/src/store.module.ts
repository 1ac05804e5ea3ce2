import { type Abstract, type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Secret } from '@tidewaiter/domain';
import { noRules, type Rules } from '@tidewaiter/policy';
import { Health, Logger } from '@tidewaiter/runtime';
import { Gauge, Registry } from 'prom-client';
import { DataSource } from 'typeorm';

import { Advisories } from './advisories.js';
import { AdvisoryAges } from './advisory-ages.js';
import { AdvisoryFeeds } from './advisory-feeds.js';
import { AlertGroups } from './alert-groups.js';
import { AlertHistory } from './alert-history.js';
import { ApiTokens } from './api-tokens.js';
import { BlastConditions } from './blast-conditions.js';
import { BlastDetails } from './blast-details.js';
import { BlastRadii } from './blast-radius.js';
import { ChannelHealths } from './channel-healths.js';
import { connectPatiently } from './data-source.js';
import { DeadLetters } from './dead-letters.js';
import { Deliveries } from './deliveries.js';
import { DetectionAlerts } from './detection-alerts.js';
import { DetectionMatches } from './detection-matches.js';
import { DetectionRules } from './detection-rules.js';
import { DetectorLeases } from './detector-leases.js';
import { ExploitationNews } from './exploitation-news.js';
import { Findings } from './findings.js';
import { FiringAlerts } from './firing-alerts.js';
import { FleetFiles } from './fleet-files.js';
import { FleetMatches } from './fleet-matches.js';
import { FleetSearch } from './fleet-search.js';
import { ImageFactsOf } from './image-facts.js';
import { ImageManifests } from './image-manifests.js';
import { ImageOrigins } from './image-origins.js';
import { Images } from './images.js';
import { IncidentContexts } from './incident-contexts.js';
import { IncidentOrigins } from './incident-origins.js';
import { IncidentReaches } from './incident-reaches.js';
import { Incidents } from './incidents.js';
import { Jobs } from './jobs.js';
import { Judgements } from './judgements.js';
import { LayerFailures } from './layer-failures.js';
import { LayerPaths } from './layer-paths.js';
import { LearnedHabits } from './learned-habits.js';
import { Ownership } from './ownership.js';
import { PackageContents } from './package-contents.js';
import { PackageUses } from './package-use.js';
import { PipelineReports } from './pipeline-reports.js';
import { Provenances } from './provenances.js';
import { PushBaselines } from './push-baselines.js';
import { PushDifferences } from './push-differences.js';
import { PushIdentities } from './push-identities.js';
import { Pushes } from './pushes.js';
import { Received } from './received.js';
import { Redrives } from './redrives.js';
import { RegistryTags } from './registry-tags.js';
import { type EventPublisher, OutboxRelay } from './relay.js';
import { Revisions } from './revisions.js';
import { RoutingReplays } from './routing-replays.js';
import { SensorContacts } from './sensor-contacts.js';
import { ServiceConfigurations } from './service-configurations.js';
import { SilenceLedger } from './silences.js';
import { Store } from './store.js';
import { SuspectPushes } from './suspect-pushes.js';
import { OutboxSweeper } from './sweeper.js';
import { TagHistories } from './tag-histories.js';
import { TagLedger } from './tag-ledger.js';
import { ToldAlerts } from './told-alerts.js';
import { WorkloadFindings } from './workload-findings.js';
import { WorkloadLedger } from './workload-ledger.js';

export interface StoreOptions {
  /** Name of the service, which becomes the `source` of its events. */
  service: string;
  url: Secret;
  poolSize: number;
  /** Bus that the outbox is published on. */
  publisher: Abstract<EventPublisher>;
  /** Rules for {@link Judgements}; without any, only findings count. */
  rules?: Rules;
}

const repositories = [
  Advisories,
  AdvisoryAges,
  AdvisoryFeeds,
  ApiTokens,
  BlastConditions,
  BlastDetails,
  BlastRadii,
  ChannelHealths,
  DeadLetters,
  Deliveries,
  Redrives,
  DetectionAlerts,
  DetectionMatches,
  DetectionRules,
  DetectorLeases,
  ExploitationNews,
  Findings,
  FleetMatches,
  FleetSearch,
  ImageFactsOf,
  ImageManifests,
  ImageOrigins,
  Images,
  IncidentOrigins,
  IncidentReaches,
  Incidents,
  Jobs,
  LayerFailures,
  LayerPaths,
  LearnedHabits,
  Ownership,
  FleetFiles,
  PackageContents,
  PackageUses,
  PipelineReports,
  Provenances,
  PushBaselines,
  Revisions,
  PushDifferences,
  Pushes,
  RegistryTags,
  TagHistories,
  TagLedger,
  PushIdentities,
  SuspectPushes,
  AlertGroups,
  AlertHistory,
  RoutingReplays,
  FiringAlerts,
  SilenceLedger,
  ToldAlerts,
  Received,
  SensorContacts,
  ServiceConfigurations,
  WorkloadFindings,
  WorkloadLedger,
];

/** Age of the oldest unpublished event from which on the bus counts as unavailable. */
const maxOutboxAgeSeconds = 60;

/** PostgreSQL for one service: repositories, and the relay and sweeper of its outbox. */
@Module({})
export class StoreModule implements OnApplicationShutdown {
  static forRoot({ service, url, poolSize, publisher, rules = noRules }: StoreOptions): DynamicModule {
    return {
      module: StoreModule,
      global: true,
      providers: [
        { provide: DataSource, useFactory: () => connectPatiently({ url, poolSize, name: service }) },
        {
          provide: Store,
          useFactory: (dataSource: DataSource) => new Store(dataSource, service),
          inject: [DataSource],
        },
        ...repositories,
        {
          provide: Judgements,
          useFactory: (images: Images, findings: Findings, provenances: Provenances, ages: AdvisoryAges) =>
            new Judgements(images, findings, provenances, rules, ages),
          inject: [Images, Findings, Provenances, AdvisoryAges],
        },
        IncidentContexts,
        {
          provide: OutboxRelay,
          useFactory: (store: Store, bus: EventPublisher, logger: Logger) => new OutboxRelay(store, bus, logger),
          inject: [Store, publisher, Logger],
        },
        {
          provide: OutboxSweeper,
          useFactory: (store: Store, logger: Logger) => new OutboxSweeper(store, logger),
          inject: [Store, Logger],
        },
      ],
      exports: [DataSource, Store, Judgements, IncidentContexts, ...repositories],
    };
  }

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    store: Store,
    health: Health,
    metrics: Registry,
  ) {
    const outboxAge = () => outboxAgeSeconds(store);
    health.add('postgres', async () =>
      (await outboxAge()) > maxOutboxAgeSeconds ? 'events are not published' : undefined,
    );
    metrics.registerMetric(
      new Gauge({
        name: 'tidewaiter_outbox_oldest_seconds',
        help: 'Age of the oldest event that is not on the bus yet',
        registers: [],
        async collect() {
          this.set(await outboxAge());
        },
      }),
    );
  }

  // Nest calls a module after its providers, so relay and sweeper have stopped by now.
  async onApplicationShutdown(): Promise<void> {
    await this.dataSource.destroy();
  }
}

/** Age of the oldest event that was never published; republishes are left out, as they are due to a consumer. */
async function outboxAgeSeconds(store: Store): Promise<number> {
  const [row] = await store.query<{ age: number }>(
    `SELECT coalesce(extract(epoch FROM now() - min(time)), 0)::float AS age FROM outbox
     WHERE published_at IS NULL AND publishes = 0`,
  );
  return row?.age ?? 0;
}
