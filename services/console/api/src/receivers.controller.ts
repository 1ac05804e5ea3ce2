import { Controller, Get } from '@nestjs/common';
import { type ChannelHealth, Deliveries } from '@tidewaiter/store';

/** Whether people can be reached. */
@Controller('api/v1/receivers')
export class ReceiversController {
  constructor(private readonly deliveries: Deliveries) {}

  @Get()
  async list(): Promise<{ items: ChannelHealth[]; next: null }> {
    return { items: await this.deliveries.health(), next: null };
  }
}
