import { Module } from '@nestjs/common';

import { ApiTokens } from './api-tokens.js';
import { AuditModule } from './audit.module.js';
import { DeviceLogins } from './device-logins.js';
import { SavedViews } from './saved-views.js';
import { ServiceAccounts } from './service-accounts.js';
import { Sessions } from './sessions.js';
import { SetupLinks } from './setup-links.js';
import { Users } from './users.js';
import { VisibleSubjects } from './visible-subjects.js';

const repositories = [
  ApiTokens,
  DeviceLogins,
  SavedViews,
  ServiceAccounts,
  Sessions,
  SetupLinks,
  Users,
  VisibleSubjects,
];

/** Users, service accounts, tokens and sessions. */
@Module({ imports: [AuditModule], providers: repositories, exports: [...repositories, AuditModule] })
export class AccessModule {}
