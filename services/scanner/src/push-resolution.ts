import { Injectable } from '@nestjs/common';
import { Images, type Push, Pushes, Store } from '@tidewaiter/store';

import { Analysis } from './analysis.js';
import { Registries } from './registries.js';
import { resolvePush } from './resolve-push.js';

/** Finds out what a push is, once, and keeps it. */
@Injectable()
export class PushResolution {
  constructor(
    private readonly store: Store,
    private readonly pushes: Pushes,
    private readonly images: Images,
    private readonly registries: Registries,
    private readonly analysis: Analysis,
  ) {}

  /** Asks the registry unless that is done; answers the push as it is then, or null when it needs no more work. */
  async resolve(id: string, signal: AbortSignal): Promise<Push | null> {
    const push = await this.pushes.get(id);
    if (!push || push.state === 'analyzed' || push.state === 'refused') return null;
    if (push.state === 'analyzing') return push;
    const client = this.registries.client(push.connection);
    const { platforms } = this.registries;
    const { digest, mediaType, images } = await resolvePush(client, push, platforms, this.analysis, signal);
    await this.store.transaction(async (tx) => {
      await this.images.add(tx, images);
      const imageDigests = images.map((image) => image.digest);
      await this.pushes.resolved(tx, push, { digest, mediaType, registryHost: client.host, imageDigests });
    });
    return this.pushes.get(id);
  }
}
