import { Module } from '@nestjs/common';

import { AuditEntries } from './audit-entries.js';
import { AuditLog } from './audit-log.js';

/** The audit log, for services in which users act. */
@Module({ providers: [AuditLog, AuditEntries], exports: [AuditLog, AuditEntries] })
export class AuditModule {}
