import { Controller, Options, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { InvalidInput } from '@tidewaiter/domain';
import { currentTraceparent, Logger } from '@tidewaiter/runtime';
import { type HookRequest, isBinaryCloudEvent } from '@tidewaiter/webhooks';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { admit } from '../http/admit.js';
import { Connections } from '../http/connections.js';
import { HookAnswers } from '../http/hook-answers.js';
import { HookMetrics, resultOf } from '../http/hook-metrics.js';
import { connectionId, hookRequest, type HookRoute } from '../http/hook-route.js';
import { logLevel, type Receipt, totalOf } from '../http/receipt.js';
import { HookSpool } from '../spool/hook-spool.js';
import type { RegistryHookConnection } from './registry-connection.js';

const refusal = 'the secret is missing or wrong';

/**
 * `POST /hooks/registry/{connection}`: stores the pushes and deletions that registries report, and
 * emits their events.
 */
@Controller('hooks')
export class RegistryHooksController {
  constructor(
    private readonly connections: Connections,
    private readonly hooks: HookSpool,
    private readonly answers: HookAnswers,
    private readonly metrics: HookMetrics,
    private readonly logger: Logger,
  ) {}

  @Post(':family/:connection')
  // Puts the route under the rate limit.
  @RouteConfig({ rateLimit: {} })
  async receive(
    @Req() request: FastifyRequest<HookRoute>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Receipt | object | null> {
    return this.#answer(request, reply);
  }

  /** Validation request of CloudEvents, by which a sender requests permission to send. */
  @Options(':family/:connection')
  @RouteConfig({ rateLimit: {} })
  async ask(
    @Req() request: FastifyRequest<HookRoute>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object | null> {
    return this.#answer(request, reply);
  }

  async #answer(request: FastifyRequest<HookRoute>, reply: FastifyReply): Promise<Receipt | object | null> {
    const connection = this.connections.registry(connectionId(request));
    const hook = hookRequest(request);
    return this.answers.to(connection, hook, async () => {
      const { connection: known } = await admit(connection, async (each) => each.isAuthentic(hook), refusal);
      const handshake = known.handshake(hook);
      if (handshake !== null) {
        void reply.status(200).headers(handshake.headers);
        return handshake.body;
      }
      const receipt = await this.#take(known, hook);
      void reply.status(202);
      return receipt;
    });
  }

  async #take(connection: RegistryHookConnection, hook: HookRequest): Promise<Receipt> {
    if (hook.body.length === 0 && !isBinaryCloudEvent(hook)) throw new InvalidInput('BODY_EMPTY', 'The body is empty.');

    const { facts, ignored } = connection.read(hook);
    const delivery = {
      connection: connection.id,
      facts,
      receivedAtMs: Date.now(),
      sizeBytes: hook.body.length,
      traceparent: currentTraceparent(),
    };
    const kept = facts.length > 0 ? await this.hooks.keepDelivery(delivery) : { accepted: 0, duplicates: 0 };
    const receipt = { ...kept, ignored: totalOf(ignored) };
    this.metrics.count(connection, resultOf(receipt));
    this.logger[logLevel(facts.length, ignored)](
      { connection: connection.id, ...receipt, reasons: ignored },
      'webhook',
    );
    return receipt;
  }
}
