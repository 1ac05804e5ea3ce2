import { type DynamicModule, Module } from '@nestjs/common';
import { Bus, BusModule } from '@tidewaiter/bus';
import { Egress } from '@tidewaiter/egress';
import type { Templates } from '@tidewaiter/messages';
import { QueueModule } from '@tidewaiter/queue';
import type { RoutingConfig } from '@tidewaiter/routing';
import { ConfigModule, Logger, type TidewaiterSettings } from '@tidewaiter/runtime';
import {
  AuditModule,
  ChannelHealths,
  DeadLetters,
  EntriesModule,
  DeliveriesModule,
  FiringAlerts,
  ImagesModule,
  IncidentsModule,
  Jobs,
  OwnerLabels,
  Owners,
  PushesModule,
  ReportsModule,
  SensorContacts,
  SilenceLedger,
  StoreModule,
  ViewWatches,
  WorkloadsModule,
} from '@tidewaiter/store';

import type { NotifierConfig } from './config.js';
import { Channels } from './delivery/channels.js';
import { Deliver } from './delivery/deliver.js';
import { DeliveryContents } from './delivery/delivery-contents.js';
import { DeliveryTransitions } from './delivery/delivery-transitions.js';
import { CurrentMessages } from './dispatch/current-messages.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { GroupFlusher } from './dispatch/group-flusher.js';
import { MessageCorrections } from './dispatch/message-corrections.js';
import { MuteState } from './dispatch/mute-state.js';
import { RemainingAlerts } from './dispatch/remaining-alerts.js';
import { ReminderRecheck } from './dispatch/reminder-recheck.js';
import { Reminders } from './dispatch/reminders.js';
import { SummaryNotes } from './dispatch/summary-notes.js';
import { ImageUploads } from './images/image-uploads.js';
import { StoredImages } from './images/stored-images.js';
import { ReportAttachments } from './reports/report-attachments.js';
import { ReportContents } from './reports/report-contents.js';
import { ReportMaker } from './reports/report-maker.js';
import { ReportSchedule } from './reports/report-schedule.js';
import { AuditAlerts } from './subjects/audit-alerts.js';
import { FailedPushAlerts } from './subjects/failed-push-alerts.js';
import { FindingReports } from './subjects/finding-reports.js';
import { IncidentDecision } from './subjects/incident-decision.js';
import { IncidentReports } from './subjects/incident-reports.js';
import { NotifyOfAudit } from './subjects/notify-of-audit.js';
import { NotifyOfCorrections } from './subjects/notify-of-corrections.js';
import { NotifyOfFailedPushes } from './subjects/notify-of-failed-pushes.js';
import { NotifyOfFindings } from './subjects/notify-of-findings.js';
import { NotifyOfIncidents } from './subjects/notify-of-incidents.js';
import { NotifyOfPushes } from './subjects/notify-of-pushes.js';
import { NotifyOfSensors } from './subjects/notify-of-sensors.js';
import { PushFindings } from './subjects/push-findings.js';
import { PushReports } from './subjects/push-reports.js';
import { ViewNotices } from './views/view-notices.js';
import { ViewRows } from './views/view-rows.js';

@Module({})
export class NotifierModule {
  /**
   * @param isManaged whether the routing comes from the API, whose callers may not reach private
   * addresses
   * @param isUnread whether files of the routing could not be read, so that its messages wait
   */
  static forRoot(
    config: NotifierConfig,
    settings: TidewaiterSettings,
    routing: RoutingConfig | null,
    templates: Templates,
    { isManaged, isUnread } = { isManaged: false, isUnread: false },
  ): DynamicModule {
    const service = 'notifier';
    const { consoleUrl, deliveryConcurrency } = config;
    return {
      module: NotifierModule,
      imports: [
        ConfigModule.forRoot(config, settings, isManaged && settings.management.allowPrivate !== true),
        BusModule.forRoot({ service, server: config, deadLetters: DeadLetters }),
        StoreModule.forRoot({
          service,
          url: config.databaseUrl,
          poolSize: config.databasePool,
          publisher: Bus,
          retention: config,
          rules: settings.rules,
          owners: settings.owners,
          maxAdvisoryAges: settings.advisories.maxAges,
        }),
        AuditModule,
        EntriesModule,
        PushesModule,
        ImagesModule,
        WorkloadsModule,
        IncidentsModule,
        DeliveriesModule,
        ReportsModule,
        QueueModule.forRoot({ server: config, ledger: Jobs, handlers: [Deliver] }),
      ],
      controllers: [
        NotifyOfPushes,
        NotifyOfCorrections,
        NotifyOfFailedPushes,
        NotifyOfFindings,
        NotifyOfIncidents,
        NotifyOfSensors,
        NotifyOfAudit,
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
          useFactory: (ownership: OwnerLabels) => new Owners(settings.owners, ownership),
          inject: [OwnerLabels],
        },
        Dispatcher,
        MessageCorrections,
        CurrentMessages,
        GroupFlusher,
        {
          provide: SummaryNotes,
          useFactory: (channels: ChannelHealths, sensors: SensorContacts) =>
            new SummaryNotes(settings.rules.exceptions, channels, sensors),
          inject: [ChannelHealths, SensorContacts],
        },
        Reminders,
        ReminderRecheck,
        RemainingAlerts,
        {
          provide: MuteState,
          useFactory: (silences: SilenceLedger, alerts: FiringAlerts) =>
            new MuteState(routing?.inhibitRules ?? [], silences, alerts),
          inject: [SilenceLedger, FiringAlerts],
        },
        AuditAlerts,
        DeliveryContents,
        ImageUploads,
        StoredImages,
        ReportAttachments,
        ReportContents,
        ReportMaker,
        ReportSchedule,
        ViewWatches,
        ViewRows,
        ViewNotices,
        Deliver,
        DeliveryTransitions,
        {
          provide: Channels,
          useFactory: (egress: Egress, logger: Logger) =>
            new Channels(routing, egress, consoleUrl, deliveryConcurrency, {
              templates,
              logger,
              hasSlackButtons: settings.slackSigningSecret !== undefined,
              isUnread,
            }),
          inject: [Egress, Logger],
        },
      ],
    };
  }
}
