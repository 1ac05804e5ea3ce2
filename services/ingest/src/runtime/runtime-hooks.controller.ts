import { Controller, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { admit } from '../http/admit.js';
import { Connections } from '../http/connections.js';
import { HookAnswers } from '../http/hook-answers.js';
import { connectionId, hookRequest, type HookRoute } from '../http/hook-route.js';
import type { Receipt } from '../http/receipt.js';
import { SensorBodies } from './sensor-bodies.js';

const refusal = 'the token is missing or wrong';

/** `POST /hooks/runtime/{connection}`: publishes the events of sensors to the stream. */
@Controller('hooks/runtime')
export class RuntimeHooksController {
  constructor(
    private readonly connections: Connections,
    private readonly bodies: SensorBodies,
    private readonly answers: HookAnswers,
  ) {}

  @Post(':connection')
  // Puts the route under the rate limit.
  @RouteConfig({ rateLimit: {} })
  async receive(
    @Req() request: FastifyRequest<HookRoute>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Receipt> {
    const connection = this.connections.sensor(connectionId(request));
    const hook = hookRequest(request);
    return this.answers.to(connection, hook, async () => {
      const { connection: known } = await admit(connection, async (each) => each.isAuthentic(hook), refusal);
      const receipt = await this.bodies.take(known, hook);
      void reply.status(202);
      return receipt;
    });
  }
}
