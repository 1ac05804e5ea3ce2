import { type Abstract, type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Secret } from '@tidewaiter/domain';
import { noRules, type Rules } from '@tidewaiter/policy';
import { Health, Logger } from '@tidewaiter/runtime';
import { Gauge, Registry } from 'prom-client';
import { DataSource } from 'typeorm';

import { ApiTokens } from './access/api-tokens.js';
import { Advisories } from './advisories/advisories.js';
import { AdvisoryAges } from './advisories/advisory-ages.js';
import { AdvisoryFeeds } from './advisories/advisory-feeds.js';
import { ExploitationChanges } from './advisories/exploitation-changes.js';
import { FleetMatches } from './advisories/fleet-matches.js';
import { connectPatiently } from './core/data-source.js';
import { DeadLetters } from './core/dead-letters.js';
import { Jobs } from './core/jobs.js';
import { Received } from './core/received.js';
import { type EventPublisher, OutboxRelay } from './core/relay.js';
import { ServiceConfigurations } from './core/service-configurations.js';
import { Store } from './core/store.js';
import { OutboxSweeper } from './core/sweeper.js';
import { AlertGroups } from './deliveries/alert-groups.js';
import { AlertHistory } from './deliveries/alert-history.js';
import { ChannelHealths } from './deliveries/channel-healths.js';
import { Deliveries } from './deliveries/deliveries.js';
import { FiringAlerts } from './deliveries/firing-alerts.js';
import { NotificationLog } from './deliveries/notification-log.js';
import { Redrives } from './deliveries/redrives.js';
import { RoutingReplays } from './deliveries/routing-replays.js';
import { SilenceLedger } from './deliveries/silences.js';
import { Findings } from './images/findings.js';
import { FleetFiles } from './images/fleet-files.js';
import { ImageFactsOf } from './images/image-facts.js';
import { ImageManifests } from './images/image-manifests.js';
import { ImageOrigins } from './images/image-origins.js';
import { Images } from './images/images.js';
import { LayerFailures } from './images/layer-failures.js';
import { LayerPaths } from './images/layer-paths.js';
import { OwnerLabels } from './images/owner-labels.js';
import { PackageContents } from './images/package-contents.js';
import { PackageUses } from './images/package-use.js';
import { PipelineReports } from './images/pushes/pipeline-reports.js';
import { Provenances } from './images/pushes/provenances.js';
import { PushBaselines } from './images/pushes/push-baselines.js';
import { PushDifferences } from './images/pushes/push-differences.js';
import { PushIdentities } from './images/pushes/push-identities.js';
import { Pushes } from './images/pushes/pushes.js';
import { RegistryTags } from './images/pushes/registry-tags.js';
import { Revisions } from './images/pushes/revisions.js';
import { SuspectPushes } from './images/pushes/suspect-pushes.js';
import { TagHistories } from './images/pushes/tag-histories.js';
import { TagLedger } from './images/pushes/tag-ledger.js';
import { Verdicts } from './images/pushes/verdicts.js';
import { BlastConditions } from './images/search/blast-conditions.js';
import { BlastDetails } from './images/search/blast-details.js';
import { BlastRadii } from './images/search/blast-radius.js';
import { FleetSearch } from './images/search/fleet-search.js';
import { DetectionAlerts } from './incidents/detection-alerts.js';
import { DetectionMatches } from './incidents/detection-matches.js';
import { DetectionRules } from './incidents/detection-rules.js';
import { DetectorLeases } from './incidents/detector-leases.js';
import { IncidentContexts } from './incidents/incident-contexts.js';
import { IncidentOrigins } from './incidents/incident-origins.js';
import { IncidentReaches } from './incidents/incident-reaches.js';
import { Incidents } from './incidents/incidents.js';
import { LearnedHabits } from './incidents/learned-habits.js';
import { SensorContacts } from './workloads/sensor-contacts.js';
import { WorkloadFindings } from './workloads/workload-findings.js';
import { WorkloadLedger } from './workloads/workload-ledger.js';

export interface StoreOptions {
  /** Name of the service, which becomes the `source` of its events. */
  service: string;
  url: Secret;
  poolSize: number;
  /** Bus that the outbox is published on. */
  publisher: Abstract<EventPublisher>;
  /** Rules for {@link Verdicts}; without any, only findings count. */
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
  ExploitationChanges,
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
  OwnerLabels,
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
  NotificationLog,
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
          provide: Verdicts,
          useFactory: (images: Images, findings: Findings, provenances: Provenances, ages: AdvisoryAges) =>
            new Verdicts(images, findings, provenances, rules, ages),
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
      exports: [DataSource, Store, Verdicts, IncidentContexts, ...repositories],
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
  const [row] = await store.aggregate<{ age: number }>(
    `SELECT coalesce(extract(epoch FROM now() - min(time)), 0)::float AS age FROM outbox
     WHERE published_at IS NULL AND publishes = 0`,
  );
  return row?.age ?? 0;
}
