import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { Bus, BusModule } from '@tidewaiter/bus';
import { Templates } from '@tidewaiter/messages';
import { ConfigModule, type TidewaiterSettings } from '@tidewaiter/runtime';
import {
  AccessModule,
  AdvisoriesModule,
  ContainmentModule,
  DeadLetters,
  DeliveriesModule,
  EntriesModule,
  ImagesModule,
  IncidentsModule,
  PushesModule,
  ReportsModule,
  SearchModule,
  StoreModule,
  ClustersModule,
  WorkloadsModule,
  StorageModule,
} from '@tidewaiter/store';

import { AdmissionService } from './admission/admission-service.js';
import { AdmissionController } from './admission/admission.controller.js';
import { AlertsController } from './alerts/alerts.controller.js';
import { AuditInterceptor } from './audit/audit-interceptor.js';
import { AuditController } from './audit/audit.controller.js';
import { RefusedSignIns } from './audit/refused-sign-ins.js';
import { AccessGuard } from './auth/access-guard.js';
import { CallerLimits, ScopeInterceptor } from './auth/scope-interceptor.js';
import { SignInLimit } from './auth/sign-in-limit.js';
import { BlastRadiusController } from './blast-radius/blast-radius.controller.js';
import { CiTokensController } from './ci-tokens/ci-tokens.controller.js';
import { CiTokens } from './ci-tokens/ci-tokens.js';
import { ClustersController } from './clusters/clusters.controller.js';
import { CompareController } from './compare/compare.controller.js';
import { ComparedSides } from './compare/compared-sides.js';
import type { ConsoleConfig } from './config.js';
import { ContainmentDesk } from './containment/containment-desk.js';
import { ContainmentController } from './containment/containment.controller.js';
import { DeadLettersController } from './dead-letters/dead-letters.controller.js';
import { DeliveriesController } from './deliveries/deliveries.controller.js';
import { DeviceLoginsController } from './device-logins/device-logins.controller.js';
import { entryControllers } from './entries/entries.controller.js';
import { EntryChanges } from './entries/entry-changes.js';
import { EntryDocuments } from './entries/entry-documents.js';
import { FileEntryListing } from './entries/file-entry-listing.js';
import { FixTimeGroupsController } from './fix-times/fix-times.controller.js';
import { GateController } from './gate/gate.controller.js';
import { StoredVerdicts } from './gate/stored-verdicts.js';
import { RequestValidation } from './http/validation.js';
import { ImageBasesController } from './images/image-bases.controller.js';
import { ImagesController } from './images/images.controller.js';
import { IncidentAssignees } from './incidents/incident-assignees.js';
import { IncidentTriageController } from './incidents/incident-triage.controller.js';
import { IncidentsController } from './incidents/incidents.controller.js';
import { ListAccess } from './lists/list-access.js';
import { ListsController } from './lists/lists.controller.js';
import { MessagesController, MessageWords } from './messages/messages.controller.js';
import { AttemptCookie } from './oidc/attempt-cookie.js';
import { IdentityProvider } from './oidc/identity-provider.js';
import { OidcSignIn } from './oidc/oidc-sign-in.js';
import { OidcController } from './oidc/oidc.controller.js';
import { OpenApiController } from './openapi/openapi.controller.js';
import { PushesController } from './pushes/pushes.controller.js';
import { ReceiverTests } from './receivers/receiver-tests.js';
import { ReceiversController } from './receivers/receivers.controller.js';
import { RegistryChecksController } from './registries/registry-checks.controller.js';
import { RegistryChecks } from './registries/registry-checks.js';
import { RegistryKindsController } from './registries/registry-kinds.controller.js';
import { ReportsController } from './reports/reports.controller.js';
import { RepositoriesController } from './repositories/repositories.controller.js';
import { RoutesController } from './routing/routing.controller.js';
import { RulesController } from './rules/rules.controller.js';
import { SearchController } from './search/search.controller.js';
import { BrowserSessions } from './session/browser-sessions.js';
import { SessionCookie } from './session/session-cookie.js';
import { SessionController } from './session/session.controller.js';
import { SilencesController } from './silences/silences.controller.js';
import { StatusController } from './status/status.controller.js';
import { RemovalsController } from './storage/removals.controller.js';
import { StorageController } from './storage/storage.controller.js';
import { EventFeed } from './stream/event-feed.js';
import { ListWatch } from './stream/list-watch.js';
import { StreamController } from './stream/stream.controller.js';
import { TrendsController } from './trends/trends.controller.js';
import { ReportRequestsController, ReportRunsController } from './unfixed/report-runs.controller.js';
import { UnfixedController } from './unfixed/unfixed.controller.js';
import { MeController } from './users/me.controller.js';
import { ServiceAccountsController } from './users/service-accounts.controller.js';
import { UsersController } from './users/users.controller.js';
import { ViewsController } from './views/views.controller.js';
import { VexController } from './vulnerabilities/vex.controller.js';
import { FixesController, VulnerabilitiesController } from './vulnerabilities/vulnerabilities.controller.js';
import { WorkloadsController } from './workloads/workloads.controller.js';

/** Controllers of the API. */
export const controllers = [
  PushesController,
  ImagesController,
  ImageBasesController,
  RepositoriesController,
  TrendsController,
  CompareController,
  ReportsController,
  FixTimeGroupsController,
  UnfixedController,
  ReportRunsController,
  ReportRequestsController,
  GateController,
  AdmissionController,
  BlastRadiusController,
  SearchController,
  VulnerabilitiesController,
  VexController,
  FixesController,
  IncidentsController,
  IncidentTriageController,
  ContainmentController,
  AlertsController,
  WorkloadsController,
  RulesController,
  DeliveriesController,
  ReceiversController,
  SilencesController,
  ...entryControllers,
  RegistryChecksController,
  RegistryKindsController,
  RoutesController,
  MessagesController,
  DeadLettersController,
  ListsController,
  ViewsController,
  ClustersController,
  AuditController,
  StatusController,
  StorageController,
  RemovalsController,
  StreamController,
  SessionController,
  OidcController,
  CiTokensController,
  DeviceLoginsController,
  MeController,
  UsersController,
  ServiceAccountsController,
  OpenApiController,
] as const;

@Module({
  imports: [DiscoveryModule],
  controllers: [...controllers],
  providers: [
    StoredVerdicts,
    ComparedSides,
    AdmissionService,
    ContainmentDesk,
    IncidentAssignees,
    MessageWords,
    EntryChanges,
    EntryDocuments,
    FileEntryListing,
    RegistryChecks,
    ReceiverTests,
    SessionCookie,
    CallerLimits,
    EventFeed,
    ListAccess,
    ListWatch,
    BrowserSessions,
    SignInLimit,
    AttemptCookie,
    IdentityProvider,
    OidcSignIn,
    CiTokens,
    RefusedSignIns,
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
    // Inside of the audit, which writes.
    { provide: APP_INTERCEPTOR, useClass: ScopeInterceptor },
    { provide: APP_PIPE, useClass: RequestValidation },
  ],
})
export class ConsoleModule {
  static forRoot(config: ConsoleConfig, settings: TidewaiterSettings, templates: Templates): DynamicModule {
    return {
      module: ConsoleModule,
      imports: [
        ConfigModule.forRoot(config, settings),
        // It consumes nothing; the relay of its outbox publishes.
        BusModule.forRoot({ service: 'console', server: config, deadLetters: DeadLetters }),
        StoreModule.forRoot({
          service: 'console',
          url: config.databaseUrl,
          poolSize: config.databasePool,
          publisher: Bus,
          retention: config,
          rules: settings.rules,
          owners: settings.owners,
          maxAdvisoryAges: settings.advisories.maxAges,
        }),
        AccessModule,
        EntriesModule,
        PushesModule,
        ImagesModule,
        SearchModule,
        AdvisoriesModule,
        ClustersModule,
        WorkloadsModule,
        IncidentsModule,
        ContainmentModule,
        DeliveriesModule,
        ReportsModule,
        StorageModule,
      ],
      providers: [{ provide: Templates, useValue: templates }],
    };
  }
}
