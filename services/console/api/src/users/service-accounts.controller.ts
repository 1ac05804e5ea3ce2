import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { InvalidInput, NotFound } from '@tidewaiter/domain';
import {
  type ApiCaller,
  ApiTokens,
  type ListedToken,
  type Page,
  type ServiceAccount,
  ServiceAccounts,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { Operation } from '../http/operation.js';
import { listOf, pageQuery } from '../http/paging.js';
import { idParameter } from '../http/validation.js';
import {
  newTokenAnswer,
  serviceAccountAnswer,
  serviceAccountBody,
  serviceAccountChangeBody,
  tokenAnswer,
  tokenBody,
} from './access-schemas.js';

/** Service accounts and their tokens. */
@Controller('api/v1')
export class ServiceAccountsController {
  constructor(
    private readonly accounts: ServiceAccounts,
    private readonly tokens: ApiTokens,
  ) {}

  @Get('service-accounts')
  @Operation({ role: 'admin', summary: 'Service accounts, newest first', answer: listOf(serviceAccountAnswer) })
  async list(@Query({ schema: pageQuery }) page: z.output<typeof pageQuery>): Promise<Page<ServiceAccount>> {
    return this.accounts.list(page);
  }

  @Post('service-accounts')
  @Operation({
    role: 'admin',
    action: 'service-account.created',
    summary: 'Makes a service account',
    answer: serviceAccountAnswer,
  })
  async add(
    @Body({ schema: serviceAccountBody }) { name, role, scopes = null }: z.output<typeof serviceAccountBody>,
  ): Promise<ServiceAccount> {
    return this.accounts.add(name, role, scopes);
  }

  @Patch('service-accounts/:id')
  @Operation({
    role: 'admin',
    action: 'service-account.changed',
    summary: 'Gives a service account another role or other limits, also for its tokens',
    answer: serviceAccountAnswer,
  })
  async change(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: serviceAccountChangeBody }) body: z.output<typeof serviceAccountChangeBody>,
    @Caller() caller: ApiCaller,
  ): Promise<ServiceAccount> {
    const account = await this.accounts.get(id);
    // So that one administrator is left.
    if (account?.name === caller.name)
      throw new InvalidInput('OWN_ACCOUNT', 'another administrator has to change your account');
    const changed = await this.accounts.change(id, body);
    if (!changed) throw unknownAccount(id);
    return changed;
  }

  @Delete('service-accounts/:id')
  @Operation({
    role: 'admin',
    action: 'service-account.deleted',
    summary: 'Deletes a service account with its tokens and sessions',
    status: 204,
  })
  async delete(@Param('id', { schema: idParameter }) id: string): Promise<void> {
    if (!(await this.accounts.delete(id))) throw unknownAccount(id);
  }

  @Post('service-accounts/:id/tokens')
  @Operation({
    role: 'admin',
    action: 'token.created',
    summary: 'Makes a token of a service account, shown once',
    answer: newTokenAnswer,
  })
  async addToken(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: tokenBody }) body: z.output<typeof tokenBody>,
  ): Promise<z.output<typeof newTokenAnswer>> {
    const account = await this.accounts.get(id);
    if (!account) throw unknownAccount(id);
    const { name = account.name, expiresAt } = body;
    const token = await this.tokens.makeFor(account, name, expiresAt === undefined ? null : new Date(expiresAt));
    return { name, token: token.reveal() };
  }

  @Get('tokens')
  @Operation({ role: 'admin', summary: 'Tokens that are not revoked, oldest first', answer: listOf(tokenAnswer) })
  async listTokens(): Promise<Page<ListedToken>> {
    return { items: await this.tokens.list(), next: null };
  }

  @Delete('tokens/:id')
  @Operation({
    role: 'admin',
    action: 'token.revoked',
    summary: 'Revokes a token, which ends its sessions',
    status: 204,
  })
  async revokeToken(@Param('id', { schema: idParameter }) id: string): Promise<void> {
    if (!(await this.tokens.revokeById(id))) throw new NotFound('TOKEN_UNKNOWN', `no token ${id}`);
  }
}

function unknownAccount(id: string): NotFound {
  return new NotFound('SERVICE_ACCOUNT_UNKNOWN', `no service account ${id}`);
}
