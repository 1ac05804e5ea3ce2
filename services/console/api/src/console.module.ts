import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Bus, BusModule } from '@tidewaiter/bus';
import type { Templates } from '@tidewaiter/messages';
import { type Config, Logger, type TidewaiterSettings } from '@tidewaiter/runtime';
import { DeadLetters, StoreModule } from '@tidewaiter/store';
import { Registry } from 'prom-client';

import { AdmissionService } from './admission-service.js';
import { AdmissionController } from './admission.controller.js';
import { AlertsController } from './alerts.controller.js';
import { BlastRadiusController } from './blast-radius.controller.js';
import type { consoleConfig } from './config.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { DeliveriesController } from './deliveries.controller.js';
import { GateController } from './gate.controller.js';
import { ImagesController } from './images.controller.js';
import { IncidentsController } from './incidents.controller.js';
import { MessagesController, MessageWords } from './messages.controller.js';
import { OpenApiController } from './openapi.controller.js';
import { PushesController } from './pushes.controller.js';
import { ReceiversController } from './receivers.controller.js';
import { RoutesController } from './routes.controller.js';
import { RulesController } from './rules.controller.js';
import { SearchController } from './search.controller.js';
import { SessionController, SessionCookie } from './session.controller.js';
import { SilencesController } from './silences.controller.js';
import { StatusController } from './status.controller.js';
import { StoredVerdicts } from './stored-verdicts.js';
import { OpenRoutes, TokenGuard } from './token-guard.js';
import { WorkloadsController } from './workloads.controller.js';

@Module({})
export class ConsoleModule {
  static forRoot(
    config: Config<typeof consoleConfig>,
    { rules, admission }: Pick<TidewaiterSettings, 'rules' | 'admission'>,
    templates: Templates,
  ): DynamicModule {
    return {
      module: ConsoleModule,
      imports: [
        // It consumes nothing; the relay of its outbox publishes.
        BusModule.forRoot({ service: 'console', url: config.natsUrl, deadLetters: DeadLetters }),
        StoreModule.forRoot({
          service: 'console',
          url: config.databaseUrl,
          poolSize: config.databasePool,
          publisher: Bus,
          rules,
        }),
      ],
      controllers: [
        PushesController,
        ImagesController,
        GateController,
        AdmissionController,
        BlastRadiusController,
        SearchController,
        IncidentsController,
        AlertsController,
        WorkloadsController,
        RulesController,
        DeliveriesController,
        ReceiversController,
        SilencesController,
        RoutesController,
        MessagesController,
        DeadLettersController,
        StatusController,
        SessionController,
        OpenApiController,
      ],
      providers: [
        StoredVerdicts,
        { provide: OpenRoutes, useValue: new OpenRoutes(admission) },
        {
          provide: AdmissionService,
          useFactory: (verdicts: StoredVerdicts, logger: Logger, metrics: Registry) =>
            new AdmissionService(verdicts, admission, logger, metrics),
          inject: [StoredVerdicts, Logger, Registry],
        },
        {
          provide: MessageWords,
          useValue: new MessageWords(templates, config.publicUrl ?? `http://127.0.0.1:${config.httpPort}`),
        },
        { provide: APP_GUARD, useClass: TokenGuard },
        { provide: SessionCookie, useValue: new SessionCookie(config.publicUrl) },
      ],
    };
  }
}
