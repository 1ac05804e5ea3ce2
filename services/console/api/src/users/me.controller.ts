import { Controller, Get } from '@nestjs/common';
import type { ApiCaller } from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { Operation } from '../http/operation.js';
import { meAnswer } from './access-schemas.js';

/** Caller of the API. */
@Controller('api/v1/me')
export class MeController {
  @Get()
  @Operation({ role: 'gate', scope: 'rows', summary: 'Name, role and session of the caller', answer: meAnswer })
  me(@Caller() { kind, name, role, scopes, session }: ApiCaller): z.output<typeof meAnswer> {
    return { kind, name, role, scopes, session: session && { id: session.id, expiresAt: session.expiresAt } };
  }
}
