import { type DynamicModule, Module } from '@nestjs/common';
import { Bus, BusModule } from '@tidewaiter/bus';
import { Egress } from '@tidewaiter/egress';
import type { Templates } from '@tidewaiter/messages';
import { QueueModule } from '@tidewaiter/queue';
import type { RoutingConfig } from '@tidewaiter/routing';
import { type Config, Logger, type TidewaiterSettings } from '@tidewaiter/runtime';
import {
  ChannelHealths,
  DeadLetters,
  FiringAlerts,
  Jobs,
  Ownership,
  SensorContacts,
  SilenceLedger,
  StoreModule,
} from '@tidewaiter/store';

import { Channels } from './channels.js';
import type { notifierConfig } from './config.js';
import { CurrentMessages } from './current-messages.js';
import { Deliver } from './deliver.js';
import { DeliverySteps } from './delivery-steps.js';
import { DigestNotebook } from './digest-notebook.js';
import { FailedPushAlerts } from './failed-push-alerts.js';
import { FindingReports } from './finding-reports.js';
import { HeldMessages } from './held-messages.js';
import { IncidentDecision } from './incident-decision.js';
import { IncidentReports } from './incident-reports.js';
import { MessageCorrections } from './message-corrections.js';
import { Notifications } from './notifications.js';
import { NotifyOfCorrections } from './notify-of-corrections.js';
import { NotifyOfFailedPushes } from './notify-of-failed-pushes.js';
import { NotifyOfFindings } from './notify-of-findings.js';
import { NotifyOfIncidents } from './notify-of-incidents.js';
import { NotifyOfPushes } from './notify-of-pushes.js';
import { NotifyOfSensors } from './notify-of-sensors.js';
import { Owners } from './owners.js';
import { PushFindings } from './push-findings.js';
import { PushReports } from './push-reports.js';
import { Quiet } from './quiet.js';
import { RemainingAlerts } from './remaining-alerts.js';
import { Reminders } from './reminders.js';
import { StillTrue } from './still-true.js';

@Module({})
export class NotifierModule {
  static forRoot(
    config: Config<typeof notifierConfig>,
    settings: TidewaiterSettings,
    routing: RoutingConfig | null,
    templates: Templates,
  ): DynamicModule {
    const service = 'notifier';
    const { consoleUrl, deliveryConcurrency } = config;
    return {
      module: NotifierModule,
      imports: [
        BusModule.forRoot({ service, url: config.natsUrl, deadLetters: DeadLetters }),
        StoreModule.forRoot({
          service,
          url: config.databaseUrl,
          poolSize: config.databasePool,
          publisher: Bus,
          rules: settings.rules,
        }),
        QueueModule.forRoot({ url: config.redisUrl, ledger: Jobs, handlers: [Deliver] }),
      ],
      controllers: [
        NotifyOfPushes,
        NotifyOfCorrections,
        NotifyOfFailedPushes,
        NotifyOfFindings,
        NotifyOfIncidents,
        NotifyOfSensors,
      ],
      providers: [
        PushFindings,
        PushReports,
        FailedPushAlerts,
        FindingReports,
        IncidentReports,
        IncidentDecision,
        {
          provide: Owners,
          useFactory: (ownership: Ownership) => new Owners(settings.owners, ownership),
          inject: [Ownership],
        },
        Notifications,
        MessageCorrections,
        CurrentMessages,
        HeldMessages,
        {
          provide: DigestNotebook,
          useFactory: (channels: ChannelHealths, sensors: SensorContacts) =>
            new DigestNotebook(settings.rules.exceptions, channels, sensors),
          inject: [ChannelHealths, SensorContacts],
        },
        Reminders,
        StillTrue,
        RemainingAlerts,
        {
          provide: Quiet,
          useFactory: (silences: SilenceLedger, alerts: FiringAlerts) =>
            new Quiet(routing?.inhibitRules ?? [], silences, alerts),
          inject: [SilenceLedger, FiringAlerts],
        },
        Deliver,
        DeliverySteps,
        {
          provide: Channels,
          useFactory: (logger: Logger) =>
            new Channels(routing, new Egress({ allow: settings.egressAllow }), consoleUrl, deliveryConcurrency, {
              templates,
              logger,
              hasSlackButtons: settings.slackSigningSecret !== undefined,
            }),
          inject: [Logger],
        },
      ],
    };
  }
}
