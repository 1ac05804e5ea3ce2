import { Body, Controller, Get, Param, Post, Req } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import { type ApiCaller, DeviceLogins, Sessions, sessionToken } from '@tidewaiter/store';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { SignInLimit } from '../auth/sign-in-limit.js';
import { ConsoleConfig } from '../config.js';
import { Operation } from '../http/operation.js';
import {
  begunLoginAnswer,
  pollAnswer,
  pollBody,
  userCodeParameter,
  waitingLoginAnswer,
} from './device-login-schemas.js';

const intervalSeconds = 3;

/** Sign-in of the command line, which a user approves in the browser. */
@Controller('api/v1/device-logins')
export class DeviceLoginsController {
  constructor(
    private readonly logins: DeviceLogins,
    private readonly sessions: Sessions,
    private readonly limit: SignInLimit,
    private readonly config: ConsoleConfig,
    private readonly settings: TidewaiterSettings,
  ) {}

  @Post()
  @Operation({ role: 'none', summary: 'Begins the sign-in of a command line', answer: begunLoginAnswer })
  async begin(@Req() { ip, headers, protocol, host }: FastifyRequest): Promise<z.output<typeof begunLoginAnswer>> {
    this.limit.take(ip);
    const { deviceCode, userCode, expiresAt } = await this.logins.begin(ip, headers['user-agent'] ?? '');
    const base = this.config.publicUrl?.replace(/\/$/, '') ?? `${protocol}://${host}`;
    return {
      deviceCode: deviceCode.reveal(),
      userCode,
      url: `${base}/device?code=${userCode}`,
      expiresAt,
      interval: intervalSeconds,
    };
  }

  @Post('result')
  @Operation({
    role: 'none',
    action: 'sign-in.succeeded',
    hasSecretBody: true,
    summary: 'The token of an approved sign-in, once',
    answer: pollAnswer,
  })
  async poll(
    @Body({ schema: pollBody }) { deviceCode }: z.output<typeof pollBody>,
    @Req() { ip, headers }: FastifyRequest,
  ): Promise<z.output<typeof pollAnswer>> {
    const found = await this.logins.poll(deviceCode);
    if (found.state !== 'approved') return { state: found.state, token: null, expiresAt: null };
    const { absoluteMs } = this.settings.access.sessions;
    const expiresAt = new Date(Date.now() + absoluteMs);
    const session = { of: found.of, address: ip, userAgent: headers['user-agent'] ?? '', replaces: null };
    const secret = await this.sessions.open(session, { absoluteMs });
    return { state: 'approved', token: sessionToken(secret).reveal(), expiresAt };
  }

  @Get(':code')
  @Operation({ role: 'gate', scope: 'rows', summary: 'A sign-in that waits for approval', answer: waitingLoginAnswer })
  async get(@Param('code', { schema: userCodeParameter }) code: string): Promise<z.output<typeof waitingLoginAnswer>> {
    const waiting = await this.logins.waiting(code);
    if (!waiting) throw notWaiting(code);
    return waiting;
  }

  @Post(':code/approve')
  @Operation({
    role: 'gate',
    scope: 'rows',
    action: 'device-login.approved',
    summary: 'Signs a command line in as the caller',
    status: 204,
  })
  async approve(
    @Param('code', { schema: userCodeParameter }) code: string,
    @Caller() { kind, id }: ApiCaller,
  ): Promise<void> {
    const isApproved = await this.logins.approve(code, kind === 'user' ? { userId: id } : { tokenId: id });
    if (!isApproved) throw notWaiting(code);
  }

  @Post(':code/refuse')
  @Operation({
    role: 'gate',
    scope: 'rows',
    action: 'device-login.refused',
    summary: 'Refuses to sign a command line in',
    status: 204,
  })
  async refuse(@Param('code', { schema: userCodeParameter }) code: string): Promise<void> {
    if (!(await this.logins.refuse(code))) throw notWaiting(code);
  }
}

function notWaiting(code: string): NotFound {
  return new NotFound('DEVICE_LOGIN_OVER', `no sign-in waits under ${code}`);
}
