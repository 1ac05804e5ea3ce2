import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger, repeat, type Repetition } from '@tidewaiter/runtime';
import { ImageManifests, LayerPaths } from '@tidewaiter/store';

const intervalMs = 10_000;
/** Limit on images of one transaction, which locks them against other scanners. */
const maxImages = 20;

/** Backfills the index of image files by content, and the paths of new layers. */
@Injectable()
export class ManifestContents implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #filling: Repetition | undefined;
  #isStopping = false;

  constructor(
    private readonly manifests: ImageManifests,
    private readonly paths: LayerPaths,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#filling = repeat(async () => this.#fill(), intervalMs, this.logger);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#isStopping = true;
    await this.#filling?.stop();
  }

  async #fill(): Promise<void> {
    let images = 0;
    for (let some = 1; some > 0 && !this.#isStopping; images += some)
      some = await this.manifests.fillContents(maxImages);
    if (images > 0) this.logger.info({ images }, 'file contents backfilled');
    let layers = 0;
    while (!this.#isStopping && (await this.paths.indexNext())) layers += 1;
    if (layers > 0) this.logger.debug({ layers }, 'layer paths indexed');
  }
}
