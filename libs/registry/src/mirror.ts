import { InvalidInput, NotFound, TidewaiterError } from '@tidewaiter/domain';
import type { Egress } from '@tidewaiter/egress';

import type { RegistryMirror } from './connection.js';
import { HostClient } from './host-client.js';

/** The registry is tried next, so nothing is repeated. */
const MAX_ATTEMPTS = 1;
/**
 * Time for which a mirror that does not answer is skipped: each request would wait for it again.
 */
const REST_MS = 30_000;
/** Time for which a mirror that returned other bytes than requested is skipped. */
const DISTRUST_MS = 10 * 60_000;

/** One mirror of a registry, and the time until which it is skipped. */
export class Mirror {
  readonly client: HostClient;
  readonly #gives: RegistryMirror['gives'];
  /** On the monotonic clock. */
  #restsUntilMs = 0;

  /** @throws InvalidInput `REGISTRY_CONNECTION` */
  constructor(mirror: RegistryMirror, egress: Egress) {
    this.client = new HostClient(mirror, egress, MAX_ATTEMPTS);
    this.#gives = mirror.gives;
  }

  get host(): string {
    return this.client.host;
  }

  isAskedFor(byDigest: boolean): boolean {
    const gives = this.#gives === 'both' || (this.#gives === 'digests') === byDigest;
    return gives && performance.now() >= this.#restsUntilMs;
  }

  /**
   * A missing object is normal for a mirror; after another failure the next request would most
   * likely fail as well.
   */
  failed(error: TidewaiterError): void {
    if (error instanceof InvalidInput && error.code === 'DIGEST_MISMATCH') this.distrust();
    else if (!(error instanceof NotFound)) this.#rest(REST_MS);
  }

  distrust(): void {
    this.#rest(DISTRUST_MS);
  }

  /** A download that breaks is resumed elsewhere. */
  async *watched(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      if (error instanceof TidewaiterError) this.failed(error);
      throw error;
    }
  }

  #rest(ms: number): void {
    this.#restsUntilMs = performance.now() + ms;
  }
}
