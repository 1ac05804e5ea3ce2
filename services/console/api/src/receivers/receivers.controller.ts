import { Controller, Get } from '@nestjs/common';
import { type ChannelHealth, ChannelHealths } from '@tidewaiter/store';

/** Whether people can be reached. */
@Controller('api/v1/receivers')
export class ReceiversController {
  constructor(private readonly healths: ChannelHealths) {}

  @Get()
  async list(): Promise<{ items: ChannelHealth[]; next: null }> {
    return { items: await this.healths.list(), next: null };
  }
}
