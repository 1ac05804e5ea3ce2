import { Controller, Get, Param, Query } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { Deliveries, type Page } from '@tidewaiter/store';
import type { z } from 'zod';

import type { deliveryAnswer, deliveryDetailAnswer } from './answers.js';
import { pageQuery, readId, readInput } from './requests.js';

type DeliveryAnswer = z.output<typeof deliveryAnswer>;

@Controller('api/v1/deliveries')
export class DeliveriesController {
  constructor(private readonly deliveries: Deliveries) {}

  @Get()
  async list(@Query() query: unknown): Promise<Page<DeliveryAnswer>> {
    return this.deliveries.list(readInput(pageQuery, query));
  }

  @Get(':id')
  async get(@Param('id') id: string): Promise<z.output<typeof deliveryDetailAnswer>> {
    const delivery = await this.deliveries.get(readId(id));
    if (!delivery) throw new NotFound('DELIVERY_UNKNOWN', `no delivery ${id}`);
    return delivery;
  }
}
