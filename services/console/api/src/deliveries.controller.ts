import { Controller, Get, Param, Query } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { Deliveries, type Delivery, type Page } from '@tidewaiter/store';
import type { z } from 'zod';

import type { deliveryAnswer, deliveryDetailAnswer } from './answers.js';
import { pageQuery, readId, readInput } from './requests.js';

type DeliveryAnswer = z.output<typeof deliveryAnswer>;

@Controller('api/v1/deliveries')
export class DeliveriesController {
  constructor(private readonly deliveries: Deliveries) {}

  @Get()
  async list(@Query() query: unknown): Promise<Page<DeliveryAnswer>> {
    const { items, next } = await this.deliveries.list(readInput(pageQuery, query));
    return { items: items.map(describeDelivery), next };
  }

  @Get(':id')
  async get(@Param('id') id: string): Promise<z.output<typeof deliveryDetailAnswer>> {
    const delivery = await this.deliveries.get(readId(id));
    if (!delivery) throw new NotFound('DELIVERY_UNKNOWN', `no delivery ${id}`);
    return { ...describeDelivery(delivery), alerts: delivery.alerts, message: delivery.message };
  }
}

function describeDelivery({ alerts, message: _, ...delivery }: Delivery<unknown>): DeliveryAnswer {
  return { ...delivery, alertCount: alerts.length };
}
