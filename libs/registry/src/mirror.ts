import { InvalidInput, NotFound, TidewaiterError } from '@tidewaiter/domain';
import type { Egress } from '@tidewaiter/egress';

import type { RegistryMirror } from './connection.js';
import { HostClient } from './host-client.js';

/** The registry is the next to be asked, so nothing is repeated. */
const MAX_ATTEMPTS = 1;
/** For which a mirror that does not answer is left alone: each request would wait for it again. */
const REST_MS = 30_000;
/** For which a mirror that gave other bytes than it was asked for is left alone. */
const DISTRUST_MS = 10 * 60_000;

/** One mirror of a registry, and how it did so far. */
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

  /** A mirror need not have everything; one that fails in another way will most likely do so again. */
  failed(error: TidewaiterError): void {
    if (error instanceof InvalidInput && error.code === 'DIGEST_MISMATCH') this.distrust();
    else if (!(error instanceof NotFound)) this.#rest(REST_MS);
  }

  distrust(): void {
    this.#rest(DISTRUST_MS);
  }

  /** A download that breaks is gone on with elsewhere. */
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
