import { Body, Controller, Get, Param, Post, Query, StreamableFile } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { type Message, repeatedMessage } from '@tidewaiter/messages';
import { type ApiCaller, Deliveries, deliveryList, Lists, Redrives } from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { countedListOf, countedPage, type CountedPage, exportedRows, listRequest } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import { idParameter } from '../http/validation.js';
import {
  deliveriesQuery,
  deliveryExportQuery,
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
    private readonly lists: Lists,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    summary: 'Deliveries with their state, newest first',
    answer: countedListOf(deliveryAnswer),
  })
  async list(
    @Query({ schema: deliveriesQuery })
    { receiver, state, since, incident, push, ...query }: z.output<typeof deliveriesQuery>,
  ): Promise<CountedPage<DeliveryAnswer>> {
    const isFallback = state === 'fallen-back';
    const named = {
      ...{ receiver, incident, push },
      ...(isFallback ? { fallback: true } : { state }),
    };
    const request = listRequest(
      query,
      named,
      ...(since ? [{ kind: 'condition', field: 'created', operator: '>=', values: [since] } as const] : []),
    );
    return countedPage(this.lists, deliveryList, request, query.count, (delivery) => delivery);
  }

  @Get('export')
  @Operation({ role: 'viewer', summary: 'Deliveries as a file', mediaType: 'text/csv' })
  export(@Query({ schema: deliveryExportQuery }) query: z.output<typeof deliveryExportQuery>): StreamableFile {
    return exportedRows(this.lists, { name: 'deliveries', list: deliveryList, item: deliveryAnswer }, query);
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
