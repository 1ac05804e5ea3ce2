import { Controller, Get, Param, Query, StreamableFile } from '@nestjs/common';
import { countedFindings, countFindings, type Digest, NotFound, type Suppressed } from '@tidewaiter/domain';
import {
  Findings,
  type ImageFinding,
  type Image,
  imageList,
  ImageRelations,
  Images,
  type ListedImage,
  Lists,
  Verdicts,
  type Page,
  PipelineReports,
  Provenances,
  Pushes,
  type StoredProvenance,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { countedListOf, countedPage, type CountedPage, exported, listRequest } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { digestParameter } from '../http/validation.js';
import {
  findingsQuery,
  imageExportQuery,
  imageLayerAnswer,
  imagesQuery,
  imageFindingsAnswer,
  imagesAnswer,
  listedImageAnswer,
  packageAnswer,
  relatedImageAnswer,
} from './image-schemas.js';
import { pipelineAnswer } from './pipeline-answers.js';

/**
 * A digest names an image or an index; an index stands for all its images. Packages and findings
 * come on one page.
 */
@Controller('api/v1/images')
export class ImagesController {
  constructor(
    private readonly images: Images,
    private readonly findings: Findings,
    private readonly pushes: Pushes,
    private readonly evaluations: Verdicts,
    private readonly provenances: Provenances,
    private readonly reports: PipelineReports,
    private readonly lists: Lists,
    private readonly relations: ImageRelations,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Images by their newest push',
    answer: countedListOf(listedImageAnswer),
  })
  async list(
    @Query({ schema: imagesQuery }) query: z.output<typeof imagesQuery>,
  ): Promise<CountedPage<z.output<typeof listedImageAnswer>>> {
    return countedPage(this.lists, imageList, listRequest(query), query.count, (image: ListedImage) =>
      describeImage(image),
    );
  }

  @Get('export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Images as a file', mediaType: 'text/csv' })
  export(@Query({ schema: imageExportQuery }) query: z.output<typeof imageExportQuery>): StreamableFile {
    const file = { name: 'images', list: imageList, item: listedImageAnswer };
    return exported(this.lists, file, query, (image: ListedImage) => describeImage(image));
  }

  @Get(':digest')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'The image of a digest, or the images of an index, with their layers',
    answer: imagesAnswer,
  })
  async get(@Param('digest', { schema: digestParameter }) digest: Digest): Promise<z.output<typeof imagesAnswer>> {
    const images = [];
    for (const image of await this.#imagesOf(digest)) {
      const [layers, packageCount, provenance] = await Promise.all([
        this.images.layerList(image.digest),
        this.images.packageCount(image.digest),
        this.provenances.ofImage(image.digest),
      ]);
      images.push({ ...describeImage(image), packageCount, layers, provenance: provenance.map(withoutDocuments) });
    }
    return { digest, images, pipeline: pipelineAnswer(await this.reports.of(digest), images) };
  }

  @Get(':digest/packages')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'The packages in an image or in the images of an index',
    answer: listOf(packageAnswer),
  })
  async packages(
    @Param('digest', { schema: digestParameter }) digest: Digest,
  ): Promise<Page<z.output<typeof packageAnswer>>> {
    const items = [];
    for (const { digest: imageDigest, platform } of await this.#imagesOf(digest)) {
      const packages = await this.images.packages(imageDigest);
      for (const each of packages) items.push({ imageDigest, platform, ...each, arch: each.arch ?? null });
    }
    return { items, next: null };
  }

  @Get(':digest/layers')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Layers of an image, or of the images of an index, with what each brought',
    answer: listOf(imageLayerAnswer),
  })
  async layers(
    @Param('digest', { schema: digestParameter }) digest: Digest,
    @Query({ schema: findingsQuery }) { push }: z.output<typeof findingsQuery>,
  ): Promise<Page<z.output<typeof imageLayerAnswer>>> {
    const images = await this.#imagesOf(digest);
    const { findings } = await this.#evaluated(digest, images, push);
    const items = [];
    for (const { digest: imageDigest, platform } of images) {
      const [layers, packages] = await Promise.all([
        this.images.layerList(imageDigest),
        this.images.packages(imageDigest),
      ]);
      for (const layer of layers) {
        const own = findings.filter((each) => each.imageDigest === imageDigest && each.layer === layer.index);
        items.push({
          imageDigest,
          platform,
          ...layer,
          packages: packages.filter((each) => each.layer === layer.index && each.state === 'present').length,
          findings: countFindings(own),
          secrets: own.filter(({ kind }) => kind === 'secret').length,
        });
      }
    }
    return { items, next: null };
  }

  @Get(':digest/related')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Images that share layers: base images first, then by the number of shared layers',
    answer: listOf(relatedImageAnswer),
  })
  async related(
    @Param('digest', { schema: digestParameter }) digest: Digest,
  ): Promise<Page<z.output<typeof relatedImageAnswer>>> {
    const items = [];
    for (const { digest: imageDigest } of await this.#imagesOf(digest))
      for (const related of await this.relations.of(imageDigest)) items.push({ imageDigest, ...related });
    return { items, next: null };
  }

  @Get(':digest/findings')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Findings of an image or of the images of an index, worst first, by the rules of its push',
    answer: imageFindingsAnswer,
  })
  async findingsOf(
    @Param('digest', { schema: digestParameter }) digest: Digest,
    @Query({ schema: findingsQuery }) { push }: z.output<typeof findingsQuery>,
  ): Promise<z.output<typeof imageFindingsAnswer>> {
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

  /**
   * By the rules of a push, so that the numbers are those of its verdict; an image that nothing was
   * pushed as has no rules.
   */
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

/** Leaves out VEX documents: only policies read them. */
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
