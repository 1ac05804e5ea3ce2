import { type DynamicModule, Module, type OnModuleInit } from '@nestjs/common';
import { Bus, BusModule } from '@tidewaiter/bus';
import type { RuntimePolicy } from '@tidewaiter/facts';
import { shippedRules } from '@tidewaiter/rule-files';
import { type Config, Health, Logger } from '@tidewaiter/runtime';
import {
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
} from '@tidewaiter/store';
import { ContainerLedger } from '@tidewaiter/workloads';

import type { detectorConfig } from './config.js';
import { DetectorMetrics } from './detector-metrics.js';
import { Housekeeping } from './housekeeping.js';
import { FindingUpkeep } from './incidents/finding-upkeep.js';
import { IncidentBuilding } from './incidents/incident-building.js';
import { IncidentJournal } from './incidents/incident-journal.js';
import { SupplyChainWatch } from './incidents/supply-chain-watch.js';
import { DeadLetterWriter } from './partitions/dead-letter-writer.js';
import { EngineMetrics } from './partitions/engine-metrics.js';
import { Engines, LATENESS } from './partitions/engines.js';
import { LearnedFactsExchange, LearnedFactsTables } from './partitions/learned-facts-exchange.js';
import { LeaseManager } from './partitions/lease-manager.js';
import { PartitionJournal } from './partitions/partition-journal.js';
import { Partitions } from './partitions/partitions.js';
import { RuntimeFacts } from './partitions/runtime-facts.js';
import { RuleListing } from './rules/rule-listing.js';
import { RuleLoader } from './rules/rule-loader.js';

/** Runtime events in, incidents out: the wiring of the two stages. */
@Module({})
export class DetectorModule implements OnModuleInit {
  static forRoot(
    { natsUrl, databaseUrl, databasePool, ...config }: Config<typeof detectorConfig>,
    policy: RuntimePolicy,
  ): DynamicModule {
    const sources = { folders: [shippedRules, ...config.ruleFolders], pipelines: config.rulePipelines };
    return {
      module: DetectorModule,
      imports: [
        BusModule.forRoot({ service: 'detector', url: natsUrl, deadLetters: DeadLetters }),
        StoreModule.forRoot({ service: 'detector', url: databaseUrl, poolSize: databasePool, publisher: Bus }),
        PushesModule,
        ImagesModule,
        WorkloadsModule,
        IncidentsModule,
      ],
      providers: [
        DetectorMetrics,
        EngineMetrics,
        {
          provide: RuleLoader,
          useFactory: async (metrics: DetectorMetrics, log: Logger, health: Health) =>
            RuleLoader.open(sources, metrics, log, health),
          inject: [DetectorMetrics, Logger, Health],
        },
        {
          provide: RuntimeFacts,
          useFactory: (store: Store, images: ImageFactsOf, workloads: WorkloadLedger) =>
            openFacts(store, images, workloads, policy),
          inject: [Store, ImageFactsOf, WorkloadLedger],
        },
        LearnedFactsTables,
        LearnedFactsExchange,
        { provide: LATENESS, useValue: config.latenessMs },
        Engines,
        PartitionJournal,
        DeadLetterWriter,
        Partitions,
        IncidentJournal,
        IncidentBuilding,
        LeaseManager,
        Housekeeping,
        FindingUpkeep,
        RuleListing,
        SupplyChainWatch,
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

function openFacts(store: Store, images: ImageFactsOf, workloads: WorkloadLedger, policy: RuntimePolicy): RuntimeFacts {
  const directory = new StoredImageDirectory(store);
  const ledger = new ContainerLedger({ images: directory });
  const stored = new StoredFacts(images, {
    workload: (ref) => ledger.workload(ref),
    running: async (digests) => workloads.running(digests),
  });
  return new RuntimeFacts(stored, directory, policy, ledger);
}
