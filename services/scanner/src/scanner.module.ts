import { type DynamicModule, Module } from '@nestjs/common';
import { placesOf } from '@tidewaiter/advisory-sync';
import { Bus, BusModule } from '@tidewaiter/bus';
import { Egress } from '@tidewaiter/egress';
import { QueueModule } from '@tidewaiter/queue';
import type { Config, TidewaiterSettings } from '@tidewaiter/runtime';
import { readingLimits } from '@tidewaiter/sandbox';
import { AdvisoryAges, DeadLetters, Jobs, StoreModule } from '@tidewaiter/store';
import { Counter, Gauge, Registry } from 'prom-client';

import { AdvisorySchedule, QueueSyncs } from './advisory-schedule.js';
import { Analysis } from './analysis.js';
import { AnalyzeLayer } from './analyze-layer.js';
import { AnalyzePush } from './analyze-push.js';
import { AnnounceExploited, EpssAlerts } from './announce-exploited.js';
import { AwaitSignature } from './await-signature.js';
import { Baselines, Releases } from './baselines.js';
import { ConfigRefresh } from './config-refresh.js';
import type { scannerConfig } from './config.js';
import { FileOutliers } from './file-outliers.js';
import { GithubHooks } from './github-hooks.js';
import { ImageAssembly } from './image-assembly.js';
import { ImageMatching } from './image-matching.js';
import { ImageOrigin } from './image-origin.js';
import { ImageSignatures } from './image-signatures.js';
import { ImageStates } from './image-states.js';
import { LayerReading } from './layer-reading.js';
import { LayerRefresh } from './layer-refresh.js';
import { LayerSteps } from './layer-steps.js';
import { ManifestContents } from './manifest-contents.js';
import { PackageOutliers } from './package-outliers.js';
import { PushComparison } from './push-comparison.js';
import { PushCorrections } from './push-corrections.js';
import { PushFailures } from './push-failures.js';
import { IdentitySettings, PushIdentity } from './push-identity.js';
import { PushJudgement } from './push-judgement.js';
import { PushResolution } from './push-resolution.js';
import { PushSteps } from './push-steps.js';
import { QueuePushes } from './queue-pushes.js';
import { QueueRematches } from './queue-rematches.js';
import { QueueReported } from './queue-reported.js';
import { ReconcileRegistry } from './reconcile-registry.js';
import { QueueReconciliations } from './reconcile-schedule.js';
import { RecordDeletions } from './record-deletions.js';
import { RedeliverFailed } from './redeliver-failed.js';
import { Reexamination } from './reexamination.js';
import { Registries } from './registries.js';
import { Rejudge } from './rejudge.js';
import { RematchSteps } from './rematch-steps.js';
import { Rematch } from './rematch.js';
import { SameRevision } from './same-revision.js';
import { ScannerLimits } from './scanner-limits.js';
import { SignatureGrace, SignatureGraceSettings } from './signature-grace.js';
import { Signers } from './signers.js';
import { StaleVerdicts } from './stale-verdicts.js';
import { StrandedPushes } from './stranded-pushes.js';
import { SyncAdvisories } from './sync-advisories.js';
import { TagLookup } from './tag-lookup.js';
import { TagOrigin } from './tag-origin.js';
import { VerifyAttached } from './verify-attached.js';

@Module({})
export class ScannerModule {
  static forRoot(config: Config<typeof scannerConfig>, settings: TidewaiterSettings): DynamicModule {
    const service = 'scanner';
    return {
      module: ScannerModule,
      imports: [
        BusModule.forRoot({ service, url: config.natsUrl, deadLetters: DeadLetters }),
        StoreModule.forRoot({
          service,
          url: config.databaseUrl,
          poolSize: config.databasePool,
          publisher: Bus,
          rules: settings.rules,
        }),
        QueueModule.forRoot({
          url: config.redisUrl,
          ledger: Jobs,
          handlers: [
            AnalyzePush,
            AnalyzeLayer,
            VerifyAttached,
            AwaitSignature,
            Rematch,
            Rejudge,
            SyncAdvisories,
            AnnounceExploited,
            ReconcileRegistry,
            RedeliverFailed,
          ],
        }),
      ],
      controllers: [QueuePushes, QueueRematches, QueueReported, RecordDeletions],
      providers: [
        AnalyzePush,
        AnalyzeLayer,
        SyncAdvisories,
        AnnounceExploited,
        { provide: EpssAlerts, useValue: new EpssAlerts(config.epssAlertScore, config.epssAlertRise) },
        QueueSyncs,
        ReconcileRegistry,
        RedeliverFailed,
        QueueReconciliations,
        { provide: Counter, useFactory: missedCounter, inject: [Registry] },
        { provide: Gauge, useFactory: advisoryAgeGauge, inject: [Registry, AdvisoryAges] },
        PushSteps,
        LayerReading,
        LayerSteps,
        PushResolution,
        PushJudgement,
        VerifyAttached,
        AwaitSignature,
        Reexamination,
        PushCorrections,
        SignatureGrace,
        { provide: SignatureGraceSettings, useValue: new SignatureGraceSettings(settings.signatureGraceMs) },
        TagLookup,
        ImageOrigin,
        TagOrigin,
        PushIdentity,
        {
          provide: IdentitySettings,
          useValue: new IdentitySettings(settings.identity.learnFrom),
        },
        ImageSignatures,
        ImageStates,
        SameRevision,
        PackageOutliers,
        FileOutliers,
        Baselines,
        { provide: Releases, useValue: new Releases(settings.releases) },
        PushComparison,
        PushFailures,
        ImageAssembly,
        ImageMatching,
        StrandedPushes,
        Rematch,
        RematchSteps,
        Rejudge,
        LayerRefresh,
        ConfigRefresh,
        StaleVerdicts,
        ManifestContents,
        { provide: Analysis, useValue: new Analysis(config.fingerprintKey, readingLimits(config)) },
        {
          provide: ScannerLimits,
          useValue: new ScannerLimits(
            config.pushConcurrency,
            config.layerConcurrency,
            config.maxLayerSeconds,
            config.maxMatches,
          ),
        },
        { provide: Signers, useValue: new Signers(settings.signers) },
        {
          provide: AdvisorySchedule,
          useFactory: () => scheduleOf(config, new Egress({ allow: settings.egressAllow })),
        },
        {
          provide: GithubHooks,
          useFactory: () => new GithubHooks(settings.registries, new Egress({ allow: settings.egressAllow })),
        },
        {
          provide: Registries,
          useFactory: () => new Registries(settings, new Egress({ allow: settings.egressAllow })),
        },
      ],
    };
  }
}

function missedCounter(metrics: Registry): Counter<'source'> {
  return new Counter({
    name: 'tidewaiter_ingest_missed_events_total',
    help: 'Pushes that nobody told of, found by looking at the registry',
    labelNames: ['source'],
    registers: [metrics],
  });
}

/** Collected on each scrape, so that the age grows while no data arrives. */
function advisoryAgeGauge(metrics: Registry, ages: AdvisoryAges): Gauge<'ecosystem'> {
  return new Gauge({
    name: 'tidewaiter_advisories_age_seconds',
    help: 'Age of the advisories of an ecosystem, by the date of the data',
    labelNames: ['ecosystem'],
    registers: [metrics],
    async collect() {
      for (const { ecosystem, ageSeconds } of await ages.all()) this.set({ ecosystem }, ageSeconds);
    },
  });
}

function scheduleOf(config: Config<typeof scannerConfig>, egress: Egress): AdvisorySchedule {
  const { advisoriesInterval, advisoriesUrl, kevUrl, epssUrl, advisoriesEcosystems } = config;
  const places = placesOf({ osvUrl: advisoriesUrl, kevUrl, epssUrl });
  return new AdvisorySchedule(advisoriesInterval, places, advisoriesEcosystems ?? null, egress);
}
