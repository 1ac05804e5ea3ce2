import { Injectable } from '@nestjs/common';
import { Every, Logger } from '@tidewaiter/runtime';
import { ImageRetention } from '@tidewaiter/store';

import { ScannerConfig } from '../config.js';

const everyMs = 3_600_000;

/** Deletes pushes and images that nothing refers to any more. */
@Injectable()
export class ImageExpiry {
  constructor(
    private readonly config: ScannerConfig,
    private readonly retention: ImageRetention,
    private readonly logger: Logger,
  ) {}

  @Every(everyMs)
  async expire(): Promise<void> {
    const { pushDays, imageDays } = this.config;
    const pushes = pushDays === 0 ? 0 : await this.retention.deletePushes(pushDays);
    const images = imageDays === 0 ? 0 : await this.retention.deleteImages(imageDays);
    const { layer: layers, package: packages } = await this.retention.deleteUnused();
    if (pushes + images + layers + packages > 0) {
      this.logger.info({ pushes, images, layers, packages }, 'images expired');
    }
  }
}
