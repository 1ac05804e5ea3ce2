import type { LookupFunction } from 'node:net';
import { getCACertificates } from 'node:tls';

import type { Secret } from '@tidewaiter/domain';
import { Pool } from 'undici';

export interface ResolvedAddress {
  address: string;
  family: number;
}

export interface EgressTls {
  /** PEM, trusted beside the system's authorities. */
  ca?: string;
  insecureSkipVerify?: boolean;
  /** Who we are. Shown to the origin of the given URL only, as credentials are. */
  client?: ClientCertificate;
}

/** Both PEM. */
export interface ClientCertificate {
  certificate: string;
  key: Secret;
}

const MAX_POOLS = 64;
const MAX_CONNECTIONS_PER_POOL = 32;
const CONNECT_TIMEOUT_MS = 10_000;
const NEXT_ADDRESS_AFTER_MS = 1_000;

/** Keeps connections alive, each set of them tied to the addresses that were checked for it. */
export class PinnedPools {
  /** Least recently used first. */
  readonly #pools = new Map<string, Pool>();

  /** The pool for exactly these addresses and TLS settings. */
  get(origin: string, addresses: ResolvedAddress[], tls: EgressTls = {}): Pool {
    const pinned = addresses.map(({ address }) => address).toSorted();
    const key = JSON.stringify([origin, pinned, tls.ca, tls.insecureSkipVerify, tls.client?.certificate]);
    const pool = this.#pools.get(key) ?? openPool(origin, addresses, tls);
    this.#pools.delete(key);
    this.#pools.set(key, pool);
    for (const [oldest, unused] of this.#pools) {
      if (this.#pools.size <= MAX_POOLS) break;
      this.#pools.delete(oldest);
      // Lets requests under way finish.
      unused.close().catch(() => undefined);
    }
    return pool;
  }

  /** Ends every connection, also those in use. */
  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
}

function openPool(origin: string, addresses: ResolvedAddress[], { ca, insecureSkipVerify, client }: EgressTls): Pool {
  // The socket asks here instead of the resolver; the name itself still goes into Host and the TLS handshake.
  const lookup: LookupFunction = (_host, { all }, callback) => {
    if (all) callback(null, addresses);
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
  };
  return new Pool(origin, {
    connections: MAX_CONNECTIONS_PER_POOL,
    allowH2: false,
    connect: {
      lookup,
      timeout: CONNECT_TIMEOUT_MS,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
      rejectUnauthorized: !insecureSkipVerify,
      ...(ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] }),
      ...(client && { cert: client.certificate, key: client.key.reveal() }),
    },
  });
}
