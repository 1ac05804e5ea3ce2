import { type DynamicModule, Module, type OnModuleInit } from '@nestjs/common';
import { Bus, BusModule } from '@tidewaiter/bus';
import { shippedRules } from '@tidewaiter/rule-files';
import { ConfigModule, ConfigState, Health, Logger, TidewaiterSettings } from '@tidewaiter/runtime';
import {
  ContainmentModule,
  DeadLetters,
  ImageFactsOf,
  ImagesModule,
  IncidentsModule,
  PushesModule,
  Store,
  StoredFacts,
  StoredImageDirectory,
  StoreModule,
  WorkloadLedger,
  WorkloadsModule,
  StorageModule,
} from '@tidewaiter/store';
import { ContainerLedger } from '@tidewaiter/workloads';

import { DetectorConfig } from './config.js';
import { DetectorMetrics } from './detector-metrics.js';
import { AutomaticContainment } from './incidents/automatic-containment.js';
import { ClusterRemovals } from './incidents/cluster-removals.js';
import { ContainmentExpiry } from './incidents/containment-expiry.js';
import { FindingUpkeep } from './incidents/finding-upkeep.js';
import { IncidentBuilding } from './incidents/incident-building.js';
import { IncidentExpiry } from './incidents/incident-expiry.js';
import { IncidentJournal } from './incidents/incident-journal.js';
import { SupplyChainWatch } from './incidents/supply-chain-watch.js';
import { DeadLetterWriter } from './partitions/dead-letter-writer.js';
import { EngineMetrics } from './partitions/engine-metrics.js';
import { Engines } from './partitions/engines.js';
import { LearnedFactsExchange, LearnedFactsTables } from './partitions/learned-facts-exchange.js';
import { LeaseManager } from './partitions/lease-manager.js';
import { PartitionJournal } from './partitions/partition-journal.js';
import { Partitions } from './partitions/partitions.js';
import { RuntimeFacts } from './partitions/runtime-facts.js';
import { RuleListing } from './rules/rule-listing.js';
import { type LastRules, RuleLoader } from './rules/rule-loader.js';

const lastRulesOfProcess = Symbol('rules that the process loaded last');

/** Runtime events in, incidents out: the wiring of the two stages. */
@Module({
  providers: [
    DetectorMetrics,
    EngineMetrics,
    {
      provide: RuleLoader,
      useFactory: openRules,
      inject: [DetectorConfig, lastRulesOfProcess, DetectorMetrics, ConfigState, Logger, Health],
    },
    {
      provide: RuntimeFacts,
      useFactory: openFacts,
      inject: [Store, ImageFactsOf, WorkloadLedger, TidewaiterSettings],
    },
    LearnedFactsTables,
    LearnedFactsExchange,
    Engines,
    PartitionJournal,
    DeadLetterWriter,
    Partitions,
    IncidentJournal,
    IncidentBuilding,
    LeaseManager,
    FindingUpkeep,
    ClusterRemovals,
    IncidentExpiry,
    ContainmentExpiry,
    AutomaticContainment,
    RuleListing,
    SupplyChainWatch,
  ],
})
export class DetectorModule implements OnModuleInit {
  /** @param lastRules rules of the process, which the next application goes on with */
  static forRoot(
    config: DetectorConfig,
    settings: TidewaiterSettings,
    lastRules: LastRules = { loaded: null },
  ): DynamicModule {
    const { databaseUrl, databasePool } = config;
    return {
      module: DetectorModule,
      providers: [{ provide: lastRulesOfProcess, useValue: lastRules }],
      imports: [
        ConfigModule.forRoot(config, settings),
        BusModule.forRoot({ service: 'detector', server: config, deadLetters: DeadLetters }),
        StoreModule.forRoot({
          service: 'detector',
          url: databaseUrl,
          poolSize: databasePool,
          publisher: Bus,
          retention: config,
        }),
        PushesModule,
        ImagesModule,
        WorkloadsModule,
        IncidentsModule,
        StorageModule,
        ContainmentModule,
      ],
    };
  }

  constructor(
    private readonly leases: LeaseManager,
    private readonly partitions: Partitions,
    private readonly incidents: IncidentBuilding,
  ) {}

  onModuleInit(): void {
    this.leases.add(this.incidents);
    this.leases.add(this.partitions);
  }
}

async function openRules(
  config: DetectorConfig,
  lastRules: LastRules,
  metrics: DetectorMetrics,
  configuration: ConfigState,
  log: Logger,
  health: Health,
): Promise<RuleLoader> {
  const sources = { folders: [shippedRules, ...config.ruleFolders], pipelines: config.rulePipelines };
  return RuleLoader.open(sources, { lastRules, metrics, configuration, log }, health);
}

function openFacts(
  store: Store,
  images: ImageFactsOf,
  workloads: WorkloadLedger,
  { runtime }: TidewaiterSettings,
): RuntimeFacts {
  const directory = new StoredImageDirectory(store);
  const ledger = new ContainerLedger({ images: directory, now: Date.now });
  const stored = new StoredFacts(images, {
    workload: (ref) => ledger.workload(ref),
    running: async (digests) => workloads.running(digests),
  });
  return new RuntimeFacts(stored, directory, runtime, ledger);
}
