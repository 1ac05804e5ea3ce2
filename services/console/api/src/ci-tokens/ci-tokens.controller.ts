import { Body, Controller, Post, Req } from '@nestjs/common';
import { AccessDenied } from '@tidewaiter/domain';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';

import { SignInLimit } from '../auth/sign-in-limit.js';
import { Operation } from '../http/operation.js';
import { ciTokenAnswer, ciTokenBody } from './ci-token-schemas.js';
import { CiTokens } from './ci-tokens.js';

/** Tokens for jobs of a CI. */
@Controller('api/v1/ci-token')
export class CiTokensController {
  constructor(
    private readonly tokens: CiTokens,
    private readonly limit: SignInLimit,
  ) {}

  @Post()
  @Operation({
    role: 'none',
    action: 'ci-token.issued',
    refusal: 'ci-token.refused',
    hasSecretBody: true,
    summary: 'A short-lived token for a job, for the OIDC token of its CI',
    answer: ciTokenAnswer,
  })
  async exchange(
    @Body({ schema: ciTokenBody }) { token: jobToken }: z.output<typeof ciTokenBody>,
    @Req() { ip }: FastifyRequest,
  ): Promise<z.output<typeof ciTokenAnswer>> {
    const { token, access, expiresAt } = await this.tokens.exchange(jobToken).catch((error: unknown) => {
      // Many runners share one address, so only refused tokens count, and no outage of an issuer.
      if (error instanceof AccessDenied) this.limit.take(ip);
      throw error;
    });
    return { token: token.reveal(), name: access.name, role: access.role, expiresAt };
  }
}
