import { Body, Controller, Delete, Get, Param, Patch, Query } from '@nestjs/common';
import { InvalidInput, NotFound } from '@tidewaiter/domain';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import { type ApiCaller, type Page, Sessions, Users } from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { Operation } from '../http/operation.js';
import { listOf, pageQuery } from '../http/paging.js';
import { idParameter } from '../http/validation.js';
import { sessionAnswer, userAnswer, userBody } from './access-schemas.js';

/** Users and their sessions. */
@Controller('api/v1')
export class UsersController {
  constructor(
    private readonly users: Users,
    private readonly sessions: Sessions,
    private readonly settings: TidewaiterSettings,
  ) {}

  @Get('users')
  @Operation({ role: 'admin', summary: 'Users, newest first', answer: listOf(userAnswer) })
  async list(
    @Query({ schema: pageQuery }) page: z.output<typeof pageQuery>,
  ): Promise<Page<z.output<typeof userAnswer>>> {
    return this.users.list(page);
  }

  @Patch('users/:id')
  @Operation({
    role: 'admin',
    action: 'user.changed',
    summary: 'Assigns a role to a user, disables or enables',
    answer: userAnswer,
  })
  async change(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: userBody }) body: z.output<typeof userBody>,
    @Caller() caller: ApiCaller,
  ): Promise<z.output<typeof userAnswer>> {
    // So that one administrator is left.
    if (caller.id === id) throw new InvalidInput('OWN_ACCOUNT', 'another administrator has to change your account');
    const user = await this.users.change(id, body);
    if (!user) throw new NotFound('USER_UNKNOWN', `no user ${id}`);
    return user;
  }

  @Get('sessions')
  @Operation({ role: 'admin', summary: 'Live sessions, newest first', answer: listOf(sessionAnswer) })
  async listSessions(
    @Query({ schema: pageQuery }) page: z.output<typeof pageQuery>,
  ): Promise<Page<z.output<typeof sessionAnswer>>> {
    return this.sessions.list(page, this.settings.access.sessions);
  }

  @Delete('sessions/:id')
  @Operation({ role: 'admin', action: 'session.ended', summary: 'Ends a session', status: 204 })
  async endSession(@Param('id', { schema: idParameter }) id: string): Promise<void> {
    if (!(await this.sessions.end(id))) throw new NotFound('SESSION_UNKNOWN', `no session ${id}`);
  }
}
