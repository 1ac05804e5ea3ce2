import { Controller, Get, Param, Query } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { Images, Verdicts, type Page, PushDifferences, Pushes } from '@tidewaiter/store';
import type { z } from 'zod';

import { readId, readInput } from '../http/requests.js';
import { describeImage } from '../images/images.controller.js';
import type { pushChangesAnswer } from './push-changes-schemas.js';
import { pushesQuery, type pushAnswer, type pushDetailAnswer } from './push-schemas.js';

type PushAnswer = z.output<typeof pushAnswer>;

@Controller('api/v1/pushes')
export class PushesController {
  constructor(
    private readonly pushes: Pushes,
    private readonly images: Images,
    private readonly evaluations: Verdicts,
    private readonly differences: PushDifferences,
  ) {}

  @Get()
  async list(@Query() query: unknown): Promise<Page<PushAnswer>> {
    const read = readInput(pushesQuery, query);
    return this.pushes.list(read, read);
  }

  @Get(':id')
  async get(@Param('id') id: string): Promise<z.output<typeof pushDetailAnswer>> {
    const push = await this.pushes.get(readId(id));
    if (!push) throw new NotFound('PUSH_UNKNOWN', `no push ${id}`);
    const [images, known] = await Promise.all([this.images.ofPush(id), this.pushes.warnings(id)]);
    const { suppressed, policies, warnings } = await this.evaluations.of(push, images, known);
    return {
      ...push,
      warningCount: warnings.length,
      warnings,
      images: images.map(describeImage),
      suppressed,
      policies,
    };
  }

  @Get(':id/changes')
  async changes(@Param('id') id: string): Promise<z.output<typeof pushChangesAnswer>> {
    const changes = await this.differences.of(readId(id));
    if (!changes)
      throw new NotFound(
        'PUSH_CHANGES_UNKNOWN',
        `no push ${id} that is analyzed and differs from what it is compared with`,
      );
    return changes;
  }
}
