import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { type Message, repeatedMessage } from '@tidewaiter/messages';
import { type ApiToken, Deliveries, type Page, Redrives } from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/token-guard.js';
import { readId, readInput } from '../http/requests.js';
import {
  deliveriesQuery,
  redriveManyBody,
  redriveOneBody,
  type deliveryAnswer,
  type deliveryDetailAnswer,
  type redriveManyAnswer,
  type redriveOneAnswer,
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
  async list(@Query() query: unknown): Promise<Page<DeliveryAnswer>> {
    const { limit, after, ...filter } = readInput(deliveriesQuery, query);
    return this.deliveries.list({ limit, after }, filter);
  }

  @Get(':id')
  async get(@Param('id') id: string): Promise<z.output<typeof deliveryDetailAnswer>> {
    const delivery = await this.deliveries.story(readId(id));
    if (!delivery) throw new NotFound('DELIVERY_UNKNOWN', `no delivery ${id}`);
    return delivery;
  }

  /** Safe to repeat: what is on its way is left alone, and what was accepted unless `again` asks for a repetition. */
  @Post(':id/redrive')
  @HttpCode(202)
  async redrive(
    @Param('id') id: string,
    @Body() body: unknown,
    @Caller() caller: ApiToken,
  ): Promise<z.output<typeof redriveOneAnswer>> {
    const { again } = readInput(redriveOneBody, body);
    const reword = (message: Message) => repeatedMessage(message, caller.name);
    return this.redrives.redrive(readId(id), caller.name, again ? reword : null);
  }

  @Post('redrive')
  @HttpCode(202)
  async redriveMany(@Body() body: unknown, @Caller() caller: ApiToken): Promise<z.output<typeof redriveManyAnswer>> {
    return this.redrives.redriveAll(readInput(redriveManyBody, body), caller.name, maxRedriven);
  }
}
