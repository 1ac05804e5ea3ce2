import { Controller, Get } from '@nestjs/common';
import { type ChannelHealth, ChannelHealths } from '@tidewaiter/store';

import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { receiverAnswer } from './receiver-schemas.js';

/** Health of the channels of receivers. */
@Controller('api/v1/receivers')
export class ReceiversController {
  constructor(private readonly healths: ChannelHealths) {}

  @Get()
  @Operation({
    role: 'viewer',
    summary: 'Channels with deliveries in the last week, and their health',
    answer: listOf(receiverAnswer),
  })
  async list(): Promise<{ items: ChannelHealth[]; next: null }> {
    return { items: await this.healths.list(), next: null };
  }
}
