import { type DynamicModule, Module } from '@nestjs/common';
import { Bus, BusModule } from '@tidewaiter/bus';
import { QueueModule } from '@tidewaiter/queue';
import { ConfigModule, type TidewaiterSettings } from '@tidewaiter/runtime';
import {
  AdvisoriesModule,
  DeadLetters,
  EntriesModule,
  ImagesModule,
  IncidentsModule,
  Jobs,
  PushesModule,
  StoreModule,
  StorageModule,
} from '@tidewaiter/store';

import { AdvisorySchedule, QueueSyncs } from './advisories/advisory-schedule.js';
import { SyncAdvisories } from './advisories/sync-advisories.js';
import { TakeConfigured } from './advisories/take-configured.js';
import { Analysis } from './analysis.js';
import type { ScannerConfig } from './config.js';
import { AnalyzeLayer } from './layer/analyze-layer.js';
import { ConfigRefresh } from './layer/config-refresh.js';
import { LayerReading } from './layer/layer-reading.js';
import { LayerRefresh } from './layer/layer-refresh.js';
import { LayerTransitions } from './layer/layer-transitions.js';
import { AnnounceExploited } from './matching/announce-exploited.js';
import { ExposureRefresh } from './matching/exposure-refresh.js';
import { ImageMatching } from './matching/image-matching.js';
import { AwaitSignature } from './provenance/await-signature.js';
import { IdentityCheck } from './provenance/identity-check.js';
import { ImageSignatures } from './provenance/image-signatures.js';
import { QueueReported } from './provenance/queue-reported.js';
import { SignatureGrace } from './provenance/signature-grace.js';
import { Signers } from './provenance/signers.js';
import { StaleSignatures } from './provenance/stale-signatures.js';
import { VerifyAttached } from './provenance/verify-attached.js';
import { AnalyzePush } from './push/analyze-push.js';
import { Baselines } from './push/baselines.js';
import { EvaluatePush } from './push/evaluate-push.js';
import { FileOutliers } from './push/file-outliers.js';
import { ImageExpiry } from './push/image-expiry.js';
import { ImageInventory } from './push/image-inventory.js';
import { ImageThreads } from './push/image-threads.js';
import { ManifestContents } from './push/manifest-contents.js';
import { OriginFinder } from './push/origin-finder.js';
import { PackageOutliers } from './push/package-outliers.js';
import { PushComparison } from './push/push-comparison.js';
import { PushCorrections } from './push/push-corrections.js';
import { PushFailures } from './push/push-failures.js';
import { PushResolution } from './push/push-resolution.js';
import { PushTransitions } from './push/push-transitions.js';
import { QueuePushes } from './push/queue-pushes.js';
import { ReevaluatePush } from './push/reevaluate-push.js';
import { Reexamination } from './push/reexamination.js';
import { RefusedPushes } from './push/refused-pushes.js';
import { RepositoryRemovals } from './push/repository-removals.js';
import { SameRevisionSearch } from './push/same-revision-search.js';
import { SbomComparison } from './push/sbom-comparison.js';
import { StaleVerdicts } from './push/stale-verdicts.js';
import { StalledPushRecovery } from './push/stalled-push-recovery.js';
import { GithubHooks } from './reconcile/github-hooks.js';
import { ReconcileRegistry } from './reconcile/reconcile-registry.js';
import { QueueReconciliations } from './reconcile/reconcile-schedule.js';
import { RecordDeletions } from './reconcile/record-deletions.js';
import { RedeliverFailed } from './reconcile/redeliver-failed.js';
import { TagLookup } from './reconcile/tag-lookup.js';
import { TagOrigin } from './reconcile/tag-origin.js';
import { Registries } from './registries.js';
import { QueueRematches } from './rematch/queue-rematches.js';
import { RematchTransitions } from './rematch/rematch-transitions.js';
import { Rematch } from './rematch/rematch.js';
import { ScannerMetrics } from './scanner-metrics.js';

@Module({
  controllers: [QueuePushes, QueueRematches, QueueReported, RecordDeletions],
  providers: [
    AnalyzePush,
    AnalyzeLayer,
    SyncAdvisories,
    TakeConfigured,
    AnnounceExploited,
    QueueSyncs,
    ReconcileRegistry,
    RedeliverFailed,
    QueueReconciliations,
    ScannerMetrics,
    PushTransitions,
    LayerReading,
    LayerTransitions,
    PushResolution,
    EvaluatePush,
    VerifyAttached,
    AwaitSignature,
    Reexamination,
    PushCorrections,
    SignatureGrace,
    TagLookup,
    OriginFinder,
    TagOrigin,
    IdentityCheck,
    ImageSignatures,
    SameRevisionSearch,
    SbomComparison,
    PackageOutliers,
    FileOutliers,
    Baselines,
    PushComparison,
    PushFailures,
    ImageExpiry,
    RepositoryRemovals,
    { provide: ImageThreads, useFactory: () => new ImageThreads() },
    ImageInventory,
    ImageMatching,
    ExposureRefresh,
    StalledPushRecovery,
    Rematch,
    RematchTransitions,
    ReevaluatePush,
    LayerRefresh,
    ConfigRefresh,
    StaleVerdicts,
    StaleSignatures,
    RefusedPushes,
    ManifestContents,
    AdvisorySchedule,
    GithubHooks,
    Registries,
    Analysis,
    Signers,
  ],
})
export class ScannerModule {
  static forRoot(config: ScannerConfig, settings: TidewaiterSettings): DynamicModule {
    const service = 'scanner';
    return {
      module: ScannerModule,
      imports: [
        ConfigModule.forRoot(config, settings),
        BusModule.forRoot({ service, server: config, deadLetters: DeadLetters }),
        StoreModule.forRoot({
          service,
          url: config.databaseUrl,
          poolSize: config.databasePool,
          publisher: Bus,
          retention: config,
          rules: settings.rules,
          maxAdvisoryAges: settings.advisories.maxAges,
        }),
        EntriesModule,
        PushesModule,
        ImagesModule,
        AdvisoriesModule,
        IncidentsModule,
        StorageModule,
        QueueModule.forRoot({
          server: config,
          ledger: Jobs,
          handlers: [
            AnalyzePush,
            AnalyzeLayer,
            VerifyAttached,
            AwaitSignature,
            Rematch,
            ReevaluatePush,
            SyncAdvisories,
            AnnounceExploited,
            ReconcileRegistry,
            RedeliverFailed,
          ],
        }),
      ],
    };
  }
}
