import { Injectable } from '@nestjs/common';
import { InvalidInput, type Platform } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import {
  parseReference,
  RegistryClient,
  type RegistryConnection,
  type RegistryMirror,
  withCertificates,
} from '@tidewaiter/registry';
import {
  type MirrorSettings,
  type Reconciliation,
  type RegistrySettings,
  TidewaiterSettings,
} from '@tidewaiter/runtime';

import { ScannerConfig } from './config.js';

/**
 * Registries of tidewaiter.yaml, each with one client: it caches tokens and the time until which
 * the registry asked for no requests.
 */
@Injectable()
export class Registries {
  readonly #clients: ReadonlyMap<string, RegistryClient>;
  readonly #reconciliations: ReadonlyMap<string, Reconciliation>;
  /** Platforms of an index that are analyzed. */
  readonly platforms: readonly Platform[];

  constructor(
    settings: TidewaiterSettings,
    private readonly egress: Egress,
    config: ScannerConfig,
  ) {
    const leastRate = leastRateOf(config);
    this.#clients = new Map(
      settings.registries.map((each) => [each.name, new RegistryClient(connectionTo(each, leastRate), egress)]),
    );
    this.#reconciliations = new Map(settings.registries.map(({ name, reconcile }) => [name, reconcile]));
    this.platforms = settings.platforms;
  }

  /** Names of all connections. */
  get names(): string[] {
    return [...this.#clients.keys()];
  }

  /** Reconciliation settings of a registry. @throws InvalidInput as `client` */
  reconciliation(connection: string): Reconciliation {
    const reconciliation = this.#reconciliations.get(connection);
    if (!reconciliation) throw unknown(connection);
    return reconciliation;
  }

  /** @throws InvalidInput `REGISTRY_UNKNOWN` when the connection is not configured (any more). */
  client(connection: string): RegistryClient {
    const client = this.#clients.get(connection);
    if (!client) throw unknown(connection);
    return client;
  }

  /**
   * Client for a reference of any registry, with the credentials of its connection if there is one.
   * @throws InvalidInput `REFERENCE_INVALID`
   */
  hostClient(text: string): RepositoryClient {
    const { host, repository, tag = 'latest', digest } = parseReference(text);
    const configured = [...this.#clients.values()].find((client) => client.host === host);
    const isLocal = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d+)?$/.test(host);
    const url = `${isLocal ? 'http' : 'https'}://${host}`;
    const client = configured ?? new RegistryClient({ name: host, url, allowPrivate: true }, this.egress);
    return { client, repository, reference: digest ?? tag };
  }
}

/** Client of a registry that may not be configured. */
interface RepositoryClient {
  client: RegistryClient;
  repository: string;
  reference: string;
}

function unknown(connection: string): InvalidInput {
  return new InvalidInput('REGISTRY_UNKNOWN', `tidewaiter.yaml has no registry ${connection}`);
}

/** Milliseconds after which the throughput of a response counts, and over which it is averaged. */
const graceMs = 5_000;
const windowMs = 30_000;

function leastRateOf({ minBytesPerSecond: bytesPerSecond }: Pick<ScannerConfig, 'minBytesPerSecond'>) {
  return bytesPerSecond === 0 ? undefined : { bytesPerSecond, graceMs, windowMs };
}

function connectionTo(
  { mirrors, ...registry }: RegistrySettings,
  leastRate: RegistryConnection['leastRate'],
): RegistryConnection {
  return {
    ...withCertificates(registry),
    leastRate,
    mirrors: mirrors.map((mirror) => ({ ...mirrorOf(registry.name, mirror), leastRate })),
  };
}

/** A path in the URL of a mirror is the prefix of its repositories. */
function mirrorOf(registry: string, mirror: MirrorSettings): RegistryMirror {
  const { origin, host, pathname } = new URL(mirror.url);
  const folder = pathname.replace(/^\/+|(?<!\/)\/+$/g, '');
  return {
    ...withCertificates({ ...mirror, name: `${registry}, mirror ${host}`, url: origin }),
    gives: mirror.gives,
    ...(folder && { rewrite: { prefix: '', location: `${folder}/` } }),
  };
}
