import { type DynamicModule, Module } from '@nestjs/common';
import { Bus, BusModule } from '@tidewaiter/bus';
import { Egress, Logger, type TidewaiterSettings } from '@tidewaiter/runtime';
import { DeadLetters, StoreModule } from '@tidewaiter/store';

import type { IngestConfig } from './config.js';
import { Connections } from './connections.js';
import { HookMetrics } from './hook-metrics.js';
import { Hooks } from './hooks.js';
import { Intake } from './intake.js';
import { FetchedKeys } from './published-keys.js';
import { ButtonDesk } from './slack/button-desk.js';
import { SlackButtons, SlackSigning } from './slack/slack-buttons.js';
import { SlackReplies } from './slack/slack-replies.js';

/** Webhooks in, rows and events out. */
@Module({})
export class IngestModule {
  static forRoot(config: IngestConfig, settings: TidewaiterSettings): DynamicModule {
    return {
      module: IngestModule,
      imports: [
        BusModule.forRoot({ service: 'ingest', url: config.natsUrl, deadLetters: DeadLetters }),
        StoreModule.forRoot({
          service: 'ingest',
          url: config.databaseUrl,
          poolSize: config.databasePool,
          publisher: Bus,
        }),
      ],
      controllers: [Hooks, SlackButtons],
      providers: [
        HookMetrics,
        Intake,
        { provide: SlackSigning, useValue: new SlackSigning(settings.slackSigningSecret) },
        ButtonDesk,
        {
          provide: SlackReplies,
          useFactory: (logger: Logger) => new SlackReplies(new Egress({ allow: settings.egressAllow }), logger),
          inject: [Logger],
        },
        { provide: Connections, useFactory: (logger: Logger) => openConnections(settings, logger), inject: [Logger] },
      ],
    };
  }
}

function openConnections(settings: TidewaiterSettings, logger: Logger): Connections {
  const keys = new FetchedKeys(new Egress({ allow: settings.egressAllow }));
  const connections = new Connections(settings, keys);
  for (const { id, isClosed } of connections) {
    if (isClosed) logger.warn({ connection: id }, 'connection without secret: all its webhooks are refused');
  }
  return connections;
}
