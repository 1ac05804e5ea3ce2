import { Controller, Get, Param, Post, Query, StreamableFile } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { Images, Lists, Verdicts, PushDifferences, Pushes, pushList, Store } from '@tidewaiter/store';
import type { z } from 'zod';

import { countedListOf, countedPage, type CountedPage, exportedRows, listRequest } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import { idParameter } from '../http/validation.js';
import { describeImage } from '../images/images.controller.js';
import { pushChangesAnswer } from './push-changes-schemas.js';
import { pushesQuery, pushAnswer, pushExportQuery, pushDetailAnswer, retryAnswer } from './push-schemas.js';

type PushAnswer = z.output<typeof pushAnswer>;

@Controller('api/v1/pushes')
export class PushesController {
  constructor(
    private readonly pushes: Pushes,
    private readonly images: Images,
    private readonly evaluations: Verdicts,
    private readonly differences: PushDifferences,
    private readonly store: Store,
    private readonly lists: Lists,
  ) {}

  @Get()
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Pushes', answer: countedListOf(pushAnswer) })
  async list(
    @Query({ schema: pushesQuery }) { state, ...query }: z.output<typeof pushesQuery>,
  ): Promise<CountedPage<PushAnswer>> {
    return countedPage(this.lists, pushList, listRequest(query, { state }), query.count, (push) => push);
  }

  @Get('export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Pushes as a file', mediaType: 'text/csv' })
  export(@Query({ schema: pushExportQuery }) query: z.output<typeof pushExportQuery>): StreamableFile {
    return exportedRows(this.lists, { name: 'pushes', list: pushList, item: pushAnswer }, query);
  }

  @Get(':id')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'A push with its images and warnings',
    answer: pushDetailAnswer,
  })
  async get(@Param('id', { schema: idParameter }) id: string): Promise<z.output<typeof pushDetailAnswer>> {
    const push = await this.pushes.get(id);
    if (!push) throw new NotFound('PUSH_UNKNOWN', `no push ${id}`);
    const [images, known] = await Promise.all([this.images.ofPush(id), this.pushes.warnings(id)]);
    const { verdict, suppressed, policies, warnings } = await this.evaluations.of(push, images, known);
    return {
      ...push,
      warningCount: warnings.length,
      warnings,
      images: images.map(describeImage),
      ...verdict,
      suppressed,
      policies,
      advisorySources: (await this.evaluations.datesOf(images)).advisorySources,
    };
  }

  @Post(':id/retry')
  @Operation({
    role: 'responder',
    scope: 'rows',
    action: 'push.retried',
    summary: 'Tries a refused push again',
    status: 202,
    answer: retryAnswer,
  })
  async retry(@Param('id', { schema: idParameter }) id: string): Promise<z.output<typeof retryAnswer>> {
    const known = !this.store.isLimited || (await this.pushes.get(id));
    const [retried] = known
      ? await this.store.unlimited(async () => this.store.transaction((tx) => this.pushes.retry(tx, [id])))
      : [];
    if (retried === undefined) throw new NotFound('PUSH_NOT_REFUSED', `no push ${id} that was refused`);
    return { id };
  }

  @Get(':id/changes')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Changes of a push against its baseline',
    answer: pushChangesAnswer,
  })
  async changes(@Param('id', { schema: idParameter }) id: string): Promise<z.output<typeof pushChangesAnswer>> {
    const changes = await this.differences.of(id);
    if (!changes)
      throw new NotFound(
        'PUSH_CHANGES_UNKNOWN',
        `no push ${id} that is analyzed and differs from what it is compared with`,
      );
    return changes;
  }
}
