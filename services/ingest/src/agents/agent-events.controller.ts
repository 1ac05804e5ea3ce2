import { Controller, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { isAgentSource } from '@tidewaiter/agent-protocol';
import { NotFound } from '@tidewaiter/domain';
import type { AgentCluster } from '@tidewaiter/store';
import type { FastifyRequest } from 'fastify';

import { Connections } from '../http/connections.js';
import { HookAnswers } from '../http/hook-answers.js';
import { hookRequest, type HookRoute } from '../http/hook-route.js';
import type { Receipt } from '../http/receipt.js';
import { SensorBodies } from '../runtime/sensor-bodies.js';
import { AgentCredential, OfAgent } from './agent-credential.js';

/** `POST /agent/v1/events/{source}`: publishes the events that an agent forwards. */
@Controller('agent/v1/events')
@UseGuards(AgentCredential)
export class AgentEventsController {
  constructor(
    private readonly connections: Connections,
    private readonly bodies: SensorBodies,
    private readonly answers: HookAnswers,
  ) {}

  @Post(':source')
  @RouteConfig({ rateLimit: {} })
  @HttpCode(202)
  async receive(
    @OfAgent() cluster: AgentCluster,
    @Param('source') source: string,
    @Req() request: FastifyRequest<HookRoute>,
  ): Promise<Receipt> {
    if (!isAgentSource(source)) throw new NotFound('AGENT_SOURCE_UNKNOWN', 'agents forward no such events');
    const connection = this.connections.ofAgent(cluster.name, source);
    const hook = hookRequest(request);
    return this.answers.to(connection, hook, async () => this.bodies.take(connection, hook));
  }
}
