import { Controller, Get, Param, Query } from '@nestjs/common';
import { countedFindings, type Digest, NotFound } from '@tidewaiter/domain';
import {
  BaseImages,
  Findings,
  type Image,
  type ImageFinding,
  Images,
  type Page,
  Pushes,
  Verdicts,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { digestParameter } from '../http/validation.js';
import { compareEffects, effectOf, vulnerabilitiesOfBase } from './base-advice.js';
import { findingsQuery, imageBaseAnswer } from './image-schemas.js';

type BaseAnswer = z.output<typeof imageBaseAnswer>;

const labelName = 'org.opencontainers.image.base.name';
const labelDigest = 'org.opencontainers.image.base.digest';

/** Base images of images. */
@Controller('api/v1/images')
export class ImageBasesController {
  constructor(
    private readonly images: Images,
    private readonly bases: BaseImages,
    private readonly findings: Findings,
    private readonly pushes: Pushes,
    private readonly evaluations: Verdicts,
  ) {}

  @Get(':digest/base')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Base of an image, or of the images of an index, with what newer ones would close',
    answer: listOf(imageBaseAnswer),
  })
  async get(
    @Param('digest', { schema: digestParameter }) digest: Digest,
    @Query({ schema: findingsQuery }) { push: pushId }: z.output<typeof findingsQuery>,
  ): Promise<Page<BaseAnswer>> {
    const images = await this.images.ofDigest(digest);
    if (images.length === 0) throw new NotFound('IMAGE_UNKNOWN', `no image ${digest}`);
    const push = await (pushId === undefined ? this.pushes.newestOf(digest) : this.pushes.get(pushId));
    const all = push
      ? await this.evaluations.unsuppressed(push, images)
      : await this.findings.of(images.map((image) => image.digest));
    const counted = countedFindings(all);
    const items: BaseAnswer[] = [];
    for (const image of images) {
      const own = counted.filter(({ imageDigest }) => imageDigest === image.digest);
      items.push(await this.#adviceFor(image, own));
    }
    return { items, next: null };
  }

  async #adviceFor({ digest, platform, labels }: Image, findings: readonly ImageFinding[]): Promise<BaseAnswer> {
    const label = { name: labels[labelName] ?? null, digest: labels[labelDigest] ?? null };
    const base = await this.bases.of(digest);
    if (!base) return { imageDigest: digest, platform, label, base, options: [] };
    const newer = await this.bases.newerThan(base.digest);
    const others = await this.findings.of(newer.map((image) => image.digest));
    const options = newer.map((image) => ({
      ...image,
      ...effectOf(
        findings,
        base.layers,
        others.filter(({ imageDigest }) => imageDigest === image.digest),
      ),
    }));
    const vulnerabilities = vulnerabilitiesOfBase(findings, base.layers).size;
    return {
      imageDigest: digest,
      ...{ platform, label, base: { ...base, vulnerabilities } },
      options: options.toSorted(compareEffects),
    };
  }
}
