import { Injectable } from '@nestjs/common';
import { Every, Logger } from '@tidewaiter/runtime';
import { ImageManifests, LayerPaths } from '@tidewaiter/store';

const intervalMs = 10_000;
/** Limit on images of one transaction, which locks them against other scanners. */
const maxImages = 20;

/** Backfills the index of image files by content, and the paths of new layers. */
@Injectable()
export class ManifestContents {
  constructor(
    private readonly manifests: ImageManifests,
    private readonly paths: LayerPaths,
    private readonly logger: Logger,
  ) {}

  @Every(intervalMs)
  async fill(signal: AbortSignal): Promise<void> {
    let images = 0;
    for (let some = 1; some > 0 && !signal.aborted; images += some) some = await this.manifests.fillContents(maxImages);
    if (images > 0) this.logger.info({ images }, 'file contents backfilled');
    let layers = 0;
    while (!signal.aborted && (await this.paths.indexNext())) layers += 1;
    if (layers > 0) this.logger.debug({ layers }, 'layer paths indexed');
  }
}
