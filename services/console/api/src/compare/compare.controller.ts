import { Controller, Get, Query } from '@nestjs/common';
import { type ComparedImages, ImageComparison, type ImagesDifference } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { compareAnswer, compareQuery } from './compare-schemas.js';
import { ComparedSides } from './compared-sides.js';

/** Comparison of any two images. */
@Controller('api/v1/compare')
export class CompareController {
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly sides: ComparedSides,
    private readonly comparison: ImageComparison,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Changes between two digests, tags, pushes, or what a workload runs',
    answer: compareAnswer,
  })
  async compare(
    @Query({ schema: compareQuery }) { from, to }: z.output<typeof compareQuery>,
  ): Promise<z.output<typeof compareAnswer>> {
    // In turn, so that of two unknown references always the first one is reported.
    const before = await this.sides.of(from);
    const after = await this.sides.of(to);
    const { changes, kept } = await this.#inTurn(async () => this.comparison.compare(before, after));
    return { ...changes, from: sideOf(from, before), to: sideOf(to, after), unchanged: kept.total, kept };
  }

  /** One comparison at a time: each has the file lists of two images in memory. */
  async #inTurn(work: () => Promise<ImagesDifference>): Promise<ImagesDifference> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function sideOf(reference: string, { images, push }: ComparedImages): z.output<typeof compareAnswer>['from'] {
  return {
    reference,
    images: images.map(({ digest }) => digest),
    push: push && { id: push.id, repository: push.repository, tag: push.tag, digest: push.digest },
  };
}
