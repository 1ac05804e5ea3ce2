import { Controller, Get, Param, Post } from '@nestjs/common';
import { type ApiCaller, type ChannelHealth, ChannelHealths } from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { receiverAnswer, receiverParameter, receiverTestAnswer } from './receiver-schemas.js';
import { ReceiverTests } from './receiver-tests.js';

/** Health of the channels of receivers. */
@Controller('api/v1/receivers')
export class ReceiversController {
  constructor(
    private readonly healths: ChannelHealths,
    private readonly tests: ReceiverTests,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    summary: 'Channels with deliveries in the last week, and their health',
    answer: listOf(receiverAnswer),
  })
  async list(): Promise<{ items: ChannelHealth[]; next: null }> {
    return { items: await this.healths.list(), next: null };
  }

  @Post(':receiver/test')
  @Operation({
    role: 'maintainer',
    action: 'receiver.tested',
    summary: 'Sends a sample message to the channels of a receiver',
    status: 202,
    answer: receiverTestAnswer,
  })
  async test(
    @Param('receiver', { schema: receiverParameter }) receiver: string,
    @Caller() { name }: ApiCaller,
  ): Promise<z.output<typeof receiverTestAnswer>> {
    return { deliveries: await this.tests.send(receiver, name) };
  }
}
