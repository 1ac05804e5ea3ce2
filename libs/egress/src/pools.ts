import type { LookupFunction } from 'node:net';
import { getCACertificates } from 'node:tls';

import type { Secret } from '@tidewaiter/domain';
import { type Dispatcher, Pool, ProxyAgent } from 'undici';

export interface ResolvedAddress {
  address: string;
  family: number;
}

export interface EgressTls {
  /** PEM, trusted beside the system's authorities. */
  ca?: string;
  /** Whether only `ca` is trusted. */
  onlyCa?: boolean;
  insecureSkipVerify?: boolean;
  /** Name that the certificate must have, if it is not the host's. */
  serverName?: string;
  minVersion?: 'TLSv1.2' | 'TLSv1.3';
  maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** Client certificate, sent only to the origin of the given URL, like credentials. */
  client?: ClientCertificate;
}

/** Both PEM. */
export interface ClientCertificate {
  certificate: string;
  key: Secret;
}

/** A forward proxy: http requests are forwarded, https goes through a tunnel. */
export interface EgressProxy {
  /** `http` or `https`, without user and password. */
  url: string;
  /** `Proxy-Authorization` header. */
  authorization?: Secret;
  headers?: Record<string, Secret>;
}

const MAX_POOLS = 64;
const MAX_CONNECTIONS_PER_POOL = 32;
const CONNECT_TIMEOUT_MS = 10_000;
const NEXT_ADDRESS_AFTER_MS = 1_000;

/** Keep-alive connection pools, each pinned to the addresses that were checked for it. */
export class PinnedPools {
  /** Least recently used first. */
  readonly #pools = new Map<string, Dispatcher>();

  /**
   * Returns the pool for exactly these addresses, which are the proxy's if there is one, and TLS
   * settings.
   */
  get(origin: string, addresses: ResolvedAddress[], tls: EgressTls = {}, proxy?: EgressProxy): Dispatcher {
    const key = keyOf(origin, addresses, tls, proxy);
    const open = () => (proxy ? openProxy(addresses, tls, proxy) : openPool(origin, addresses, tls));
    const pool = this.#pools.get(key) ?? open();
    this.#pools.delete(key);
    this.#pools.set(key, pool);
    for (const [oldest, unused] of this.#pools) {
      if (this.#pools.size <= MAX_POOLS) break;
      this.#pools.delete(oldest);
      // Lets running requests finish.
      unused.close().catch(() => undefined);
    }
    return pool;
  }

  /** Closes all connections, including those in use. */
  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
}

function keyOf(origin: string, addresses: ResolvedAddress[], tls: EgressTls, proxy: EgressProxy | undefined): string {
  const pinned = addresses.map(({ address }) => address).toSorted();
  const { client, ...plain } = tls;
  const revealed = Object.entries(proxy?.headers ?? {}).map(([name, value]) => [name, value.reveal()]);
  const through = proxy && [proxy.url, proxy.authorization?.reveal(), revealed];
  return JSON.stringify([origin, pinned, plain, client?.certificate, through]);
}

function openPool(origin: string, addresses: ResolvedAddress[], tls: EgressTls): Pool {
  return new Pool(origin, {
    connections: MAX_CONNECTIONS_PER_POOL,
    allowH2: false,
    connect: { ...pinnedTo(addresses), ...secured(tls) },
  });
}

function openProxy(addresses: ResolvedAddress[], tls: EgressTls, { url, authorization, headers = {} }: EgressProxy) {
  return new ProxyAgent({
    uri: url,
    ...(authorization && { token: authorization.reveal() }),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.reveal()])),
    // Most proxies forward http and refuse to tunnel it.
    proxyTunnel: false,
    connections: MAX_CONNECTIONS_PER_POOL,
    connectTimeout: CONNECT_TIMEOUT_MS,
    allowH2: false,
    proxyTls: pinnedTo(addresses),
    requestTls: secured(tls),
  });
}

function pinnedTo(addresses: ResolvedAddress[]) {
  // The socket resolves through this function; the name itself still goes into Host and the TLS
  // handshake.
  const lookup: LookupFunction = (_host, { all }, callback) => {
    if (all) callback(null, addresses);
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
  };
  return {
    lookup,
    timeout: CONNECT_TIMEOUT_MS,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER_MS,
  };
}

function secured({ ca, onlyCa, insecureSkipVerify, serverName, minVersion, maxVersion, client }: EgressTls) {
  return {
    rejectUnauthorized: !insecureSkipVerify,
    ...(ca !== undefined && { ca: onlyCa ? [ca] : [...getCACertificates('default'), ca] }),
    ...(serverName !== undefined && { servername: serverName }),
    ...(minVersion && { minVersion }),
    ...(maxVersion && { maxVersion }),
    ...(client && { cert: client.certificate, key: client.key.reveal() }),
  };
}
