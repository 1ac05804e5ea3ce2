import { Controller, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { InvalidInput } from '@tidewaiter/domain';
import { currentTraceparent, Logger } from '@tidewaiter/runtime';
import type { HookRequest } from '@tidewaiter/webhooks';
import type { FastifyReply } from 'fastify';

import { HookAnswers } from '../http/hook-answers.js';
import { HookMetrics, resultOf } from '../http/hook-metrics.js';
import { hookRequest } from '../http/hook-route.js';
import type { Receipt } from '../http/receipt.js';
import { HookSpool } from '../spool/hook-spool.js';
import { type PipelineRequest, type Sender, senderOf } from './pipeline-http.js';

/**
 * `POST /hooks/pipeline/{connection}`: stores the documents of pipelines about the images that
 * they built.
 */
@Controller('hooks/pipeline')
export class PipelineHooksController {
  constructor(
    private readonly hooks: HookSpool,
    private readonly answers: HookAnswers,
    private readonly metrics: HookMetrics,
    private readonly logger: Logger,
  ) {}

  @Post(':connection')
  // Puts the route under the rate limit.
  @RouteConfig({ rateLimit: {} })
  async receive(@Req() request: PipelineRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<Receipt> {
    const sender = senderOf(request);
    const hook = hookRequest(request);
    return this.answers.to(sender.connection, hook, async () => {
      const receipt = await this.#take(sender, hook);
      void reply.status(202);
      return receipt;
    });
  }

  async #take({ connection, proof }: Sender, hook: HookRequest): Promise<Receipt> {
    if (hook.body.length === 0) throw new InvalidInput('BODY_EMPTY', 'The body is empty.');
    const reports = connection.read(hook, proof);
    const sizeBytes = hook.body.length;
    const receipt = {
      ...(await this.hooks.keepUpload({ reports, sizeBytes, traceparent: currentTraceparent() })),
      ignored: 0,
    };
    this.metrics.count(connection, resultOf(receipt));
    this.logger.info({ connection: connection.id, ...receipt }, 'webhook');
    return receipt;
  }
}
