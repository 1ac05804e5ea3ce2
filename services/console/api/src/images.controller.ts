import { Controller, Get, Param, Query } from '@nestjs/common';
import { type Digest, NotFound } from '@tidewaiter/domain';
import {
  Findings,
  type Image,
  Images,
  type Page,
  PipelineReports,
  Provenances,
  type StoredProvenance,
} from '@tidewaiter/store';
import type { z } from 'zod';

import type { findingAnswer, imagesAnswer, listedImageAnswer, packageAnswer } from './answers.js';
import { pipelineAnswer } from './pipeline-answers.js';
import { imagesQuery, readDigest, readInput } from './requests.js';

/** A digest names an image or an index; an index stands for all its images. Packages and findings come on one page. */
@Controller('api/v1/images')
export class ImagesController {
  constructor(
    private readonly images: Images,
    private readonly findings: Findings,
    private readonly provenances: Provenances,
    private readonly reports: PipelineReports,
  ) {}

  @Get()
  async list(@Query() query: unknown): Promise<Page<z.output<typeof listedImageAnswer>>> {
    const { items, next } = await this.images.list(readInput(imagesQuery, query));
    return { items: items.map(describeImage), next };
  }

  @Get(':digest')
  async get(@Param('digest') text: string): Promise<z.output<typeof imagesAnswer>> {
    const images = [];
    for (const image of await this.#imagesOf(readDigest(text))) {
      const [layers, packageCount, provenance] = await Promise.all([
        this.images.layerList(image.digest),
        this.images.packageCount(image.digest),
        this.provenances.ofImage(image.digest),
      ]);
      images.push({ ...describeImage(image), packageCount, layers, provenance: provenance.map(withoutDocuments) });
    }
    return { digest: text, images, pipeline: pipelineAnswer(await this.reports.of(readDigest(text)), images) };
  }

  @Get(':digest/packages')
  async packages(@Param('digest') text: string): Promise<Page<z.output<typeof packageAnswer>>> {
    const items = [];
    for (const { digest, platform } of await this.#imagesOf(readDigest(text))) {
      const packages = await this.images.packages(digest);
      for (const each of packages) items.push({ imageDigest: digest, platform, ...each });
    }
    return { items, next: null };
  }

  @Get(':digest/findings')
  async findingsOf(@Param('digest') text: string): Promise<Page<z.output<typeof findingAnswer>>> {
    const images = await this.#imagesOf(readDigest(text));
    const platforms = new Map(images.map(({ digest, platform }) => [digest, platform]));
    const findings = await this.findings.of([...platforms.keys()]);
    return { items: findings.map((each) => ({ platform: platforms.get(each.imageDigest)!, ...each })), next: null };
  }

  /** @throws NotFound `IMAGE_UNKNOWN` */
  async #imagesOf(digest: Digest): Promise<Image[]> {
    const images = await this.images.ofDigest(digest);
    if (images.length === 0) throw new NotFound('IMAGE_UNKNOWN', `no image ${digest}`);
    return images;
  }
}

/** VEX documents are for policies, not for people. */
function withoutDocuments<Known extends StoredProvenance>({ vex: _, ...provenance }: Known): Omit<Known, 'vex'> {
  return provenance;
}

/** Versions of the analyzers are between the scanner and the store. */
export function describeImage<Known extends Image>({
  analyzersVersion: _,
  configVersion: __,
  ...image
}: Known): Omit<Known, 'analyzersVersion' | 'configVersion'> {
  return image;
}
