import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger, repeat, type Repetition } from '@tidewaiter/runtime';
import { ImageManifests } from '@tidewaiter/store';

const intervalMs = 10_000;
/** Images at once: they are held from other scanners meanwhile. */
const maxImages = 20;

/** Lets images that were analysed before anybody asked for files by their bytes be found by them, too. */
@Injectable()
export class ManifestContents implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #filling: Repetition | undefined;
  #isStopping = false;

  constructor(
    private readonly manifests: ImageManifests,
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
    if (images > 0) this.logger.info({ images }, 'file contents filled');
  }
}
