import { Body, Controller, Get, Post } from '@nestjs/common';
import { Removals } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { removalAnswer, removalPreviewAnswer, removalsAnswer, removalTarget } from './storage-schemas.js';

type Target = z.output<typeof removalTarget>;

/** Deletion of the data of a repository or a cluster. */
@Controller('api/v1/removals')
export class RemovalsController {
  constructor(private readonly removals: Removals) {}

  @Get()
  @Operation({ role: 'admin', summary: 'Deletions of repositories and clusters, newest first', answer: removalsAnswer })
  async list(): Promise<z.output<typeof removalsAnswer>> {
    return { items: await this.removals.list(), next: null };
  }

  @Post('preview')
  @Operation({
    role: 'admin',
    summary: 'Counts what the deletion of a repository or a cluster would delete and keep',
    answer: removalPreviewAnswer,
  })
  async preview(@Body({ schema: removalTarget }) target: Target): Promise<z.output<typeof removalPreviewAnswer>> {
    return this.removals.preview(target);
  }

  @Post()
  @Operation({
    role: 'admin',
    action: 'removal.requested',
    summary: 'Deletes the data of a repository or a cluster that has arrived by now',
    status: 202,
    answer: removalAnswer,
  })
  async request(@Body({ schema: removalTarget }) target: Target): Promise<z.output<typeof removalAnswer>> {
    return this.removals.request(target);
  }
}
