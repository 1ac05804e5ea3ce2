import { Injectable } from '@nestjs/common';
import { Every, Logger } from '@tidewaiter/runtime';
import { FileContents, LayerPaths } from '@tidewaiter/store';

const intervalMs = 10_000;
/** Pause before images that could not be moved to the index of layers are tried again. */
const againMs = 600_000;
/** Limit on images of one transaction, which locks them against other scanners. */
const maxImages = 20;

/** Fills the indexes of images by the paths and contents of their files. */
@Injectable()
export class ManifestContents {
  #convertAfterMs = 0;

  constructor(
    private readonly contents: FileContents,
    private readonly paths: LayerPaths,
    private readonly logger: Logger,
  ) {}

  @Every(intervalMs)
  async fill(signal: AbortSignal): Promise<void> {
    let images = 0;
    for (let some = 1; some > 0 && !signal.aborted; images += some) some = await this.contents.list(maxImages);
    if (images > 0) this.logger.info({ images }, 'file contents backfilled');
    let layers = 0;
    while (!signal.aborted && (await this.paths.indexNext())) layers += 1;
    if (layers > 0) this.logger.debug({ layers }, 'layer paths indexed');
    if (performance.now() >= this.#convertAfterMs) await this.#convert(signal);
  }

  async #convert(signal: AbortSignal): Promise<void> {
    for (let after: string | null = ''; after !== null;) {
      if (signal.aborted) return;
      after = await this.contents.convert(after, maxImages);
    }
    this.#convertAfterMs = performance.now() + againMs;
  }
}
