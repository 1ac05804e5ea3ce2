import { Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { agentStatus, type CredentialAnswer, joinRequest } from '@tidewaiter/agent-protocol';
import { AccessDenied, InvalidInput } from '@tidewaiter/domain';
import { Logger } from '@tidewaiter/runtime';
import { type AgentCluster, AuditLog, ClusterCredentials, type IssuedCredential } from '@tidewaiter/store';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';

import { AgentCredential, credentialOf, OfAgent } from './agent-credential.js';

export type BodyRequest = FastifyRequest<{ Body: Buffer | undefined }>;

/** `/agent/v1`: how an agent joins, keeps its credential and reports its status. */
@Controller('agent/v1')
export class AgentsController {
  constructor(
    private readonly credentials: ClusterCredentials,
    private readonly audit: AuditLog,
    private readonly logger: Logger,
  ) {}

  @Post('join')
  @RouteConfig({ rateLimit: {} })
  @HttpCode(200)
  async join(@Req() request: BodyRequest): Promise<CredentialAnswer> {
    const { token, ...agent } = bodyOf(joinRequest, request);
    try {
      const act = { actor: 'agent', action: 'cluster.joined' as const, address: request.ip };
      const issued = await this.audit.during(act, async () => this.credentials.join(token, agent));
      this.logger.info({ cluster: issued.cluster, agent_version: agent.version }, 'agent joined');
      return answerOf(issued);
    } catch (error) {
      if (error instanceof AccessDenied) this.logger.warn({ address: request.ip, code: error.code }, 'agent refused');
      throw error;
    }
  }

  /** Replaces the credential of the request. */
  @Post('credential')
  @UseGuards(AgentCredential)
  @RouteConfig({ rateLimit: {} })
  @HttpCode(200)
  async rotate(@Req() request: BodyRequest): Promise<CredentialAnswer> {
    return answerOf(await this.credentials.rotate(credentialOf(request)));
  }

  @Post('status')
  @UseGuards(AgentCredential)
  @RouteConfig({ rateLimit: {} })
  @HttpCode(204)
  async report(@OfAgent() cluster: AgentCluster, @Req() request: BodyRequest): Promise<void> {
    const status = bodyOf(agentStatus, request);
    if (cluster.agentInstance !== status.instance)
      this.logger.warn({ cluster: cluster.name, instance: status.instance }, 'another agent of the cluster reports');
    await this.credentials.report(cluster, status);
  }
}

/** @throws InvalidInput `BODY_NOT_JSON`, `INPUT_INVALID` */
export function bodyOf<Schema extends z.ZodType>(schema: Schema, { body }: BodyRequest): z.output<Schema> {
  const read = schema.safeParse(parse(body));
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new InvalidInput('INPUT_INVALID', problems.join('; '));
}

function parse(body: Buffer | undefined): unknown {
  try {
    return JSON.parse(body?.toString('utf8') ?? '');
  } catch {
    // The parser quotes the text, which may be a token: its error is no cause.
    throw new InvalidInput('BODY_NOT_JSON', 'The body is not JSON.');
  }
}

function answerOf({ cluster, credential, expiresAt, rotateAt }: IssuedCredential): CredentialAnswer {
  return {
    cluster,
    credential: credential.reveal(),
    expiresAt: expiresAt.toISOString(),
    rotateAt: rotateAt.toISOString(),
  };
}
