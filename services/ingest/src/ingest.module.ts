import { randomBytes } from 'node:crypto';

import { type DynamicModule, Module } from '@nestjs/common';
import { Bus, BusModule } from '@tidewaiter/bus';
import { Egress } from '@tidewaiter/egress';
import { FetchedKeys } from '@tidewaiter/job-tokens';
import { ConfigModule, ConfigState, InFlightBytes, Logger, TidewaiterSettings } from '@tidewaiter/runtime';
import { fingerprintKeyOf } from '@tidewaiter/secrets';
import {
  DeadLetters,
  DeliveriesModule,
  EntriesModule,
  AuditModule,
  ClusterReports,
  ClustersModule,
  ContainmentModule,
  Findings,
  IncidentsModule,
  PushesModule,
  StoreModule,
  WorkloadsModule,
} from '@tidewaiter/store';

import { AgentCredential } from './agents/agent-credential.js';
import { AgentEventsController } from './agents/agent-events.controller.js';
import { AgentOrdersController } from './agents/agent-orders.controller.js';
import { AgentReportsController } from './agents/agent-reports.controller.js';
import { AgentsController } from './agents/agents.controller.js';
import { IngestConfig } from './config.js';
import { Connections } from './http/connections.js';
import { HookAnswers } from './http/hook-answers.js';
import { HookMetrics } from './http/hook-metrics.js';
import { PipelineHooksController } from './pipelines/pipeline-hooks.controller.js';
import { PipelineIntake } from './pipelines/pipeline-intake.js';
import { RegistryHooksController } from './registry/registry-hooks.controller.js';
import { RegistryIntake } from './registry/registry-intake.js';
import { BeatCopies } from './restore/beat-copies.js';
import { LostEvents } from './restore/lost-events.js';
import { RecentFacts } from './restore/recent-facts.js';
import { RestoreGuard } from './restore/restore-guard.js';
import { RuntimeHooksController } from './runtime/runtime-hooks.controller.js';
import { RuntimeIntake } from './runtime/runtime-intake.js';
import { SensorBodies } from './runtime/sensor-bodies.js';
import { SensorHeartbeats } from './runtime/sensor-heartbeats.js';
import { SlicedWork } from './runtime/sliced-work.js';
import { Unpacker } from './runtime/unpack.js';
import { SlackActions } from './slack/slack-actions.js';
import { SlackButtonsController } from './slack/slack-buttons.controller.js';
import { SlackReplies } from './slack/slack-replies.js';
import { EventCover } from './spool/event-cover.js';
import { EventSpool } from './spool/event-spool.js';
import { HookSpool } from './spool/hook-spool.js';
import { SpoolSetup } from './spool/spool-setup.js';
import type { Spool } from './spool/spool.js';

/**
 * Limit on sensors' bodies in memory at one moment, packed and unpacked; as objects they take about
 * four times as much.
 */
const maxHeldBytes = 64 * 2 ** 20;

/** Webhooks in, rows and events out. */
@Module({
  controllers: [
    RegistryHooksController,
    PipelineHooksController,
    RuntimeHooksController,
    AgentsController,
    AgentEventsController,
    AgentOrdersController,
    AgentReportsController,
    SlackButtonsController,
  ],
  providers: [
    AgentCredential,
    ClusterReports,
    Findings,
    HookAnswers,
    HookMetrics,
    BeatCopies,
    LostEvents,
    RecentFacts,
    RestoreGuard,
    RegistryIntake,
    PipelineIntake,
    RuntimeIntake,
    SensorBodies,
    SlicedWork,
    HookSpool,
    EventCover,
    EventSpool,
    SensorHeartbeats,
    SlackActions,
    {
      provide: SlackReplies,
      useFactory: (egress: Egress, logger: Logger) => new SlackReplies(egress, logger),
      inject: [Egress, Logger],
    },
    { provide: InFlightBytes, useFactory: () => new InFlightBytes(maxHeldBytes) },
    { provide: Unpacker, useFactory: () => new Unpacker() },
    {
      provide: Connections,
      useFactory: openConnections,
      inject: [TidewaiterSettings, IngestConfig, Egress, ConfigState, Logger],
    },
  ],
})
export class IngestModule {
  static forRoot(config: IngestConfig, settings: TidewaiterSettings, spool: Spool | null): DynamicModule {
    return {
      module: IngestModule,
      providers: [{ provide: SpoolSetup, useValue: new SpoolSetup(spool) }],
      imports: [
        ConfigModule.forRoot(config, settings),
        BusModule.forRoot({ service: 'ingest', server: config, startsWithout: true, deadLetters: DeadLetters }),
        StoreModule.forRoot({
          service: 'ingest',
          url: config.databaseUrl,
          poolSize: config.databasePool,
          publisher: Bus,
          retention: config,
          startsWithout: true,
        }),
        AuditModule,
        ClustersModule,
        EntriesModule,
        PushesModule,
        IncidentsModule,
        ContainmentModule,
        DeliveriesModule,
        WorkloadsModule,
      ],
    };
  }
}

/**
 * Without a configured key fingerprints last as long as this process: values cannot be guessed from
 * them without the key.
 */
function keyOf({ fingerprintKey }: IngestConfig): Uint8Array {
  return fingerprintKey ? fingerprintKeyOf(fingerprintKey.reveal()) : randomBytes(32);
}

function openConnections(
  settings: TidewaiterSettings,
  config: IngestConfig,
  egress: Egress,
  state: ConfigState,
  logger: Logger,
): Connections {
  const isComplete = () => state.managed !== null && state.error === null;
  const connections = new Connections(settings, new FetchedKeys(egress), keyOf(config), isComplete);
  for (const { id, isClosed } of connections) {
    if (isClosed) logger.warn({ connection: id }, 'connection without secret: all its webhooks are refused');
  }
  return connections;
}
