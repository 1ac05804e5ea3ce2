import { Module } from '@nestjs/common';

import { AuditLog } from './audit-log.js';

/** The audit log, for services in which users act. */
@Module({ providers: [AuditLog], exports: [AuditLog] })
export class AuditModule {}
