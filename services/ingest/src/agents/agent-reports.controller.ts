import { Controller, Get, Param, Query, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { ClusterImage, WorkloadsAnswer } from '@tidewaiter/agent-protocol';
import { InvalidInput, isDigest, NotFound } from '@tidewaiter/domain';
import { type AgentCluster, ClusterReports } from '@tidewaiter/store';

import { AgentCredential, OfAgent } from './agent-credential.js';

const pageSize = 20;

/** `/agent/v1/workloads` and `/agent/v1/images`: findings for the reports in a cluster. */
@Controller('agent/v1')
@UseGuards(AgentCredential)
export class AgentReportsController {
  constructor(private readonly reports: ClusterReports) {}

  @Get('workloads')
  @RouteConfig({ rateLimit: {} })
  async workloads(@OfAgent() { name }: AgentCluster, @Query('after') after?: string): Promise<WorkloadsAnswer> {
    const { items, next } = await this.reports.workloads(name, { after: placeOf(after), limit: pageSize });
    return { items, next: next && JSON.stringify([next.namespace, next.kind, next.name]) };
  }

  @Get('images/:digest')
  @RouteConfig({ rateLimit: {} })
  async image(@OfAgent() { name }: AgentCluster, @Param('digest') digest: string): Promise<ClusterImage> {
    const image = isDigest(digest) ? await this.reports.image(name, digest) : null;
    if (!image) throw new NotFound('IMAGE_UNKNOWN', 'the cluster runs no such image');
    return image;
  }
}

/** @throws InvalidInput `CURSOR_INVALID` */
function placeOf(after: string | undefined) {
  if (after === undefined) return null;
  try {
    const [namespace, kind, name] = JSON.parse(after) as unknown[];
    if (typeof namespace === 'string' && typeof kind === 'string' && typeof name === 'string')
      return { namespace, kind, name };
  } catch {
    // Like a cursor of another list.
  }
  throw new InvalidInput('CURSOR_INVALID', 'not the end of a page of workloads');
}
