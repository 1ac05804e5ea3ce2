import { InvalidInput, type Secret } from '@tidewaiter/domain';
import type { ClientCertificate, LeastRate } from '@tidewaiter/egress';

import { canonicalHost } from './reference.js';

/** Configured registry. */
export interface RegistryConnection {
  name: string;
  /** `http(s)://host[:port]`. Plain http is used only if this is http. */
  url: string;
  /** Sent to exactly this host and port, and to its token server as `tokenHost` has it. */
  credentials?: { username: string; password: Secret };
  /**
   * `host[:port]` of a token server elsewhere that gets the credentials too, over https only;
   * GitLab's registries need it (`gitlab.example.com` for `registry.example.com`). Docker Hub's own
   * is known.
   */
  tokenHost?: string;
  /** Whether the registry and its redirects may be on private addresses. */
  allowPrivate?: boolean;
  /** PEM, trusted in addition to the system's authorities. */
  ca?: string;
  insecureSkipVerify?: boolean;
  /** Sent to exactly this host and port. */
  client?: ClientCertificate;
  /** Repositories that begin with `prefix` begin with `location` there. */
  rewrite?: { prefix: string; location: string };
  /** Queried before the registry, in this order. */
  mirrors?: readonly RegistryMirror[];
  /** Milliseconds without a byte until a read fails; 30,000 by default. */
  idleTimeoutMs?: number;
  /** Least throughput of every response; unlimited unless given. */
  leastRate?: LeastRate | undefined;
}

/**
 * Other host with copies. It gets only its own credentials, and its content is trusted only by
 * digest.
 */
export interface RegistryMirror extends Omit<RegistryConnection, 'mirrors'> {
  /** Requests that it gets: those by digest, or those by tag, whose answers cannot be verified. */
  gives: 'digests' | 'tags' | 'both';
}

/** Origin for requests, and the name of its registry. */
export interface Endpoint {
  /** `https://registry-1.docker.io` */
  origin: string;
  /** Name as users write it: `docker.io`, `localhost:5000`. */
  host: string;
}

/** @throws InvalidInput `REGISTRY_CONNECTION` unless the URL is scheme, host and port */
export function endpointOf({ name, url }: RegistryConnection): Endpoint {
  const parsed = URL.parse(url);
  const isHttp = parsed?.protocol === 'https:' || parsed?.protocol === 'http:';
  if (!parsed || !isHttp || parsed.href !== `${parsed.origin}/`) {
    throw new InvalidInput(
      'REGISTRY_CONNECTION',
      `registry ${name}: url must be http(s)://host[:port] and nothing more`,
    );
  }
  const host = canonicalHost(parsed.host);
  // docker.io is only a name for users; its registry has another host.
  return host === 'docker.io' ? { origin: 'https://registry-1.docker.io', host } : { origin: parsed.origin, host };
}
