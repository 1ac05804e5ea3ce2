import { Controller, Get, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { orderReport } from '@tidewaiter/agent-protocol';
import { InvalidInput, type JsonObject } from '@tidewaiter/domain';
import { type AgentCluster, ContainmentOrders, Store } from '@tidewaiter/store';

import { AgentCredential, OfAgent } from './agent-credential.js';
import { type BodyRequest, bodyOf } from './agents.controller.js';

const idForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `/agent/v1/orders`: containment orders of a cluster, and what its agent did about them. */
@Controller('agent/v1/orders')
@UseGuards(AgentCredential)
export class AgentOrdersController {
  constructor(
    private readonly store: Store,
    private readonly orders: ContainmentOrders,
  ) {}

  @Get()
  @RouteConfig({ rateLimit: {} })
  async waiting(@OfAgent() { name }: AgentCluster): Promise<{ orders: object[] }> {
    return { orders: await this.orders.waitingFor(name) };
  }

  /** A report about an order of another cluster, or one that came before, changes nothing. */
  @Post(':id')
  @RouteConfig({ rateLimit: {} })
  @HttpCode(204)
  async report(@OfAgent() { name }: AgentCluster, @Param('id') id: string, @Req() request: BodyRequest): Promise<void> {
    if (!idForm.test(id)) throw new InvalidInput('ID_INVALID', 'not the id of an order');
    const { at, report, evidence, ...change } = bodyOf(orderReport, request);
    if ((await this.orders.get(id))?.cluster !== name) return;
    await this.store.transaction(async (tx) =>
      this.orders.advance(tx, id, {
        ...change,
        ...{ at: new Date(at), actor: `agent:${name}` },
        report: report && { ...report, before: report.before as JsonObject },
        evidence: evidence && {
          ...evidence,
          object: evidence.object as JsonObject,
          pods: evidence.pods as JsonObject[],
          events: evidence.events as JsonObject[],
        },
      }),
    );
  }
}
