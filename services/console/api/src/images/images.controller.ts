import { Controller, Get, Param, Query } from '@nestjs/common';
import { countedFindings, countFindings, type Digest, NotFound, type Suppressed } from '@tidewaiter/domain';
import {
  Findings,
  type ImageFinding,
  type Image,
  Images,
  Verdicts,
  type Page,
  PipelineReports,
  Provenances,
  Pushes,
  type StoredProvenance,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { readDigest, readInput } from '../http/requests.js';
import {
  findingsQuery,
  imagesQuery,
  type imageFindingsAnswer,
  type imagesAnswer,
  type listedImageAnswer,
  type packageAnswer,
} from './image-schemas.js';
import { pipelineAnswer } from './pipeline-answers.js';

/** A digest names an image or an index; an index stands for all its images. Packages and findings come on one page. */
@Controller('api/v1/images')
export class ImagesController {
  constructor(
    private readonly images: Images,
    private readonly findings: Findings,
    private readonly pushes: Pushes,
    private readonly evaluations: Verdicts,
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
  async findingsOf(
    @Param('digest') text: string,
    @Query() query: unknown,
  ): Promise<z.output<typeof imageFindingsAnswer>> {
    const digest = readDigest(text);
    const { push } = readInput(findingsQuery, query);
    const images = await this.#imagesOf(digest);
    const platforms = new Map(images.map((image) => [image.digest, image.platform]));
    const { findings, suppressed } = await this.#evaluated(digest, images, push);
    const counted: ReadonlySet<ImageFinding> = new Set(countedFindings(findings));
    const items = [...findings.map((each) => ({ ...each, by: null })), ...suppressed];
    return {
      items: items.map((each, index) => ({
        platform: platforms.get(each.imageDigest)!,
        counted: index < findings.length && counted.has(findings[index]!),
        ...each,
      })),
      counts: countFindings(findings),
      next: null,
    };
  }

  /** By the rules of a push, so that the numbers are those of its verdict; an image that nothing was pushed as has no rules. */
  async #evaluated(
    digest: Digest,
    images: readonly Image[],
    pushId: string | undefined,
  ): Promise<{ findings: ImageFinding[]; suppressed: Suppressed<ImageFinding>[] }> {
    const push = pushId === undefined ? await this.pushes.newestOf(digest) : await this.pushes.get(pushId);
    if (push) return this.evaluations.of(push, images, []);
    return { findings: await this.findings.of(images.map((image) => image.digest)), suppressed: [] };
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
