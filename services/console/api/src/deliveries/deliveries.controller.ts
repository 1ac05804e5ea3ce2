import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { type Message, repeatedMessage } from '@tidewaiter/messages';
import { type ApiCaller, Deliveries, type Page, Redrives } from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { idParameter } from '../http/validation.js';
import {
  deliveriesQuery,
  redriveManyBody,
  redriveOneBody,
  deliveryAnswer,
  deliveryDetailAnswer,
  redriveManyAnswer,
  redriveOneAnswer,
} from './delivery-schemas.js';

type DeliveryAnswer = z.output<typeof deliveryAnswer>;

/** Deliveries that one request redrives, at most; the answer says whether there are more. */
const maxRedriven = 10_000;

@Controller('api/v1/deliveries')
export class DeliveriesController {
  constructor(
    private readonly deliveries: Deliveries,
    private readonly redrives: Redrives,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    summary: 'Deliveries with their state, newest first',
    answer: listOf(deliveryAnswer),
  })
  async list(
    @Query({ schema: deliveriesQuery }) { limit, after, ...filter }: z.output<typeof deliveriesQuery>,
  ): Promise<Page<DeliveryAnswer>> {
    return this.deliveries.list({ limit, after }, filter);
  }

  @Get(':id')
  @Operation({ role: 'viewer', summary: 'A delivery with its alerts and its steps', answer: deliveryDetailAnswer })
  async get(@Param('id', { schema: idParameter }) id: string): Promise<z.output<typeof deliveryDetailAnswer>> {
    const delivery = await this.deliveries.story(id);
    if (!delivery) throw new NotFound('DELIVERY_UNKNOWN', `no delivery ${id}`);
    return delivery;
  }

  /**
   * Safe to repeat: what is on its way is left alone, and what was accepted unless `again` asks for
   * a repetition.
   */
  @Post(':id/redrive')
  @Operation({
    role: 'responder',
    action: 'delivery.redriven',
    summary: 'Retries a failed or waiting message',
    status: 202,
    answer: redriveOneAnswer,
  })
  async redrive(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: redriveOneBody }) body: z.output<typeof redriveOneBody>,
    @Caller() caller: ApiCaller,
  ): Promise<z.output<typeof redriveOneAnswer>> {
    const { again } = body;
    const reword = (message: Message) => repeatedMessage(message, caller.name);
    return this.redrives.redrive(id, caller.name, again ? reword : null);
  }

  @Post('redrive')
  @Operation({
    role: 'responder',
    action: 'delivery.redriven',
    summary: 'Retries all failed and waiting messages',
    status: 202,
    answer: redriveManyAnswer,
  })
  async redriveMany(
    @Body({ schema: redriveManyBody }) body: z.output<typeof redriveManyBody>,
    @Caller() caller: ApiCaller,
  ): Promise<z.output<typeof redriveManyAnswer>> {
    return this.redrives.redriveAll(body, caller.name, maxRedriven);
  }
}
