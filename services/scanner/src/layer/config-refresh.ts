import { Injectable } from '@nestjs/common';
import { Logger, failpoint } from '@tidewaiter/runtime';
import { type Image, Images, type Push, Store } from '@tidewaiter/store';

import { Analysis } from '../analysis.js';
import { isRefusal } from '../failure.js';
import { imageOfDigest } from '../push/resolve-push.js';
import { Registries } from '../registries.js';

/**
 * Fetches the configs of a push again that older checks evaluated. Configs hold secrets, so the
 * store has no copy of them.
 */
@Injectable()
export class ConfigRefresh {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
    private readonly registries: Registries,
    private readonly analysis: Analysis,
    private readonly logger: Logger,
  ) {}

  async refresh(push: Push, signal: AbortSignal): Promise<void> {
    const outdated = (await this.images.ofPush(push.id)).filter(
      ({ configVersion }) => configVersion !== this.analysis.configVersion,
    );
    for (const image of outdated) await this.#refreshImage(push, image, signal);
  }

  /**
   * Keeps the stored data of an image that the registry no longer has; its misconfiguration stays
   * not evaluated.
   */
  async #refreshImage({ id, connection, repository }: Push, { digest }: Image, signal: AbortSignal): Promise<void> {
    try {
      const client = this.registries.client(connection);
      const image = await imageOfDigest(client, repository, digest, this.analysis, signal);
      await this.store.transaction((tx) => this.images.add(tx, [image]));
      failpoint('config.refreshed');
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.logger.info({ push_id: id, image_digest: digest, code: error.code }, 'image config refresh failed');
    }
  }
}
