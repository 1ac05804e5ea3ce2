import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { Clusters, type ListedCluster, type Page } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { clusterAnswer, clusterBody, clusterNameParameter, joinTokenAnswer } from './cluster-schemas.js';

/** Clusters with their agents. */
@Controller('api/v1/clusters')
export class ClustersController {
  constructor(private readonly clusters: Clusters) {}

  @Get()
  @Operation({ role: 'viewer', summary: 'Clusters with their agents, by name', answer: listOf(clusterAnswer) })
  async list(): Promise<Page<ListedCluster>> {
    return { items: await this.clusters.list(), next: null };
  }

  @Post()
  @Operation({
    role: 'admin',
    action: 'cluster.invited',
    summary: 'Makes a join token for the agent of a cluster, shown once',
    answer: joinTokenAnswer,
  })
  async invite(
    @Body({ schema: clusterBody }) { name }: z.output<typeof clusterBody>,
  ): Promise<z.output<typeof joinTokenAnswer>> {
    const { token, expiresAt } = await this.clusters.invite(name);
    return { name, token: token.reveal(), expiresAt };
  }

  @Delete(':name')
  @Operation({
    role: 'admin',
    action: 'cluster.removed',
    summary: 'Removes a cluster, whose agent is refused from then on',
    status: 204,
  })
  async remove(@Param('name', { schema: clusterNameParameter }) name: string): Promise<void> {
    await this.clusters.remove(name);
  }
}
