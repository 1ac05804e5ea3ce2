import { Controller, Get, Param, Query } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { Images, type Page, type Push, Pushes } from '@tidewaiter/store';
import type { z } from 'zod';

import type { pushAnswer, pushDetailAnswer } from './answers.js';
import { describeImage } from './images.controller.js';
import { pageQuery, readId, readInput } from './requests.js';

type PushAnswer = z.output<typeof pushAnswer>;

@Controller('api/v1/pushes')
export class PushesController {
  constructor(
    private readonly pushes: Pushes,
    private readonly images: Images,
  ) {}

  @Get()
  async list(@Query() query: unknown): Promise<Page<PushAnswer>> {
    const { items, next } = await this.pushes.list(readInput(pageQuery, query));
    return { items: items.map(describePush), next };
  }

  @Get(':id')
  async get(@Param('id') id: string): Promise<z.output<typeof pushDetailAnswer>> {
    const push = await this.pushes.get(readId(id));
    if (!push) throw new NotFound('PUSH_UNKNOWN', `no push ${id}`);
    const images = await this.images.ofPush(id);
    return { ...describePush(push), warnings: push.warnings ?? [], images: images.map(describeImage) };
  }
}

/** Without the warnings, of which a list would repeat thousands. */
function describePush({ warnings, ...push }: Push): PushAnswer {
  return { ...push, warningCount: warnings?.length ?? 0 };
}
