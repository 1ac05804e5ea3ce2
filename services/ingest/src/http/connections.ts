import type { Secret } from '@tidewaiter/domain';
import type { RegistrySettings, TidewaiterSettings } from '@tidewaiter/runtime';
import { redactSecrets } from '@tidewaiter/secrets';
import type { Handshake, HookRequest, RegistryEvent } from '@tidewaiter/webhooks';

import { type PipelineConnection, pipelineConnection } from '../pipelines/pipeline-connection.js';
import type { RegistryNotice } from '../registry/registry-notice.js';
import { type SensorConnection, sensorConnection } from '../runtime/sensor-connection.js';
import type { PublishedKeys } from './published-keys.js';
import { isFromServiceAccount, isFromTopic } from './sender-proofs.js';

/** Parsed hook: facts and counts of ignored events. */
export interface ReadHook {
  facts: RegistryNotice[];
  /** Number of events left out, by reason. */
  ignored: Record<string, number>;
}

/** A configured sender. */
export type Connection = RegistryHookConnection | SensorConnection | PipelineConnection;

type Configured = Pick<TidewaiterSettings, 'registries' | 'sensors' | 'pipelines'>;

export interface RegistryHookConnection {
  family: 'registry';
  /** `registry/main`, as in the URL: a registry and a sensor may share a name. */
  id: string;
  name: string;
  kind: string;
  /**
   * Whether every request is refused: no secret and no proof is configured, and the settings do not
   * allow unauthenticated requests.
   */
  isClosed: boolean;
  /** Evaluated on the raw request. @throws Unavailable when a key that it needs cannot be had now */
  isAuthentic(request: HookRequest): Promise<boolean>;
  /** Answer to a sender's handshake request; null where the request is none. */
  handshake(request: HookRequest): Handshake | null;
  /** @throws InvalidInput when the body is not of this kind */
  read(request: HookRequest): ReadHook;
}

/** Every configured sender. */
export class Connections {
  readonly #byId: ReadonlyMap<string, Connection>;

  constructor({ registries, sensors, pipelines }: Configured, keys: PublishedKeys, fingerprintKey: Uint8Array) {
    const all = [
      ...registries.map((each) => registryConnection(each, keys)),
      ...sensors.map((each) => sensorConnection(each, keys, fingerprintKey)),
      ...pipelines.map((each) => pipelineConnection(each, keys)),
    ];
    this.#byId = new Map(all.map((connection) => [connection.id, connection] as const));
  }

  get(id: string): Connection | undefined {
    return this.#byId.get(id);
  }

  registry(id: string): RegistryHookConnection | undefined {
    const connection = this.get(id);
    return connection?.family === 'registry' ? connection : undefined;
  }

  pipeline(id: string): PipelineConnection | undefined {
    const connection = this.get(id);
    return connection?.family === 'pipeline' ? connection : undefined;
  }

  sensor(id: string): SensorConnection | undefined {
    const connection = this.get(id);
    return connection?.family === 'runtime' ? connection : undefined;
  }

  sensors(): SensorConnection[] {
    return [...this].filter((connection) => connection.family === 'runtime');
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#byId.values();
  }
}

function registryConnection(settings: RegistrySettings, keys: PublishedKeys): RegistryHookConnection {
  const { name, kind, fields } = settings;
  return {
    family: 'registry',
    id: `registry/${name}`,
    name,
    kind: kind.kind,
    ...registryDoor(settings, keys),
    handshake: (request) => kind.handshake?.(request) ?? null,
    read(request) {
      const { events, ignored } = kind.parse(request, { fields });
      return { facts: events.map((event) => registryFact(name, event)), ignored };
    },
  };
}

function registryFact(connection: string, event: RegistryEvent): RegistryNotice {
  const { deliveryKey, repository, tag, digest, at } = event;
  // A user, a URL or a user agent, as the registry reports it: it may contain a password.
  const actor = event.actor && redactSecrets(event.actor);
  if (event.outcome === 'delete') {
    return { kind: 'deletion', deliveryKey, deletion: { connection, repository, tag, digest, deletedBy: actor, at } };
  }
  const { artifact, attachedTo } = event;
  const claims = { claimedDigest: digest, artifact, attachedTo, pushedBy: actor, pushedAt: at };
  return { kind: 'push', deliveryKey, push: { connection, repository, tag, ...claims } };
}

type Door = Pick<RegistryHookConnection, 'isClosed' | 'isAuthentic'>;

interface Authenticator {
  authenticate(request: HookRequest, secret: Secret): boolean;
}

function door(kind: Authenticator, secret: Secret | undefined, allowUnauthenticated: boolean): Door {
  return {
    isClosed: !secret && !allowUnauthenticated,
    isAuthentic: async (request) => (secret ? kind.authenticate(request, secret) : allowUnauthenticated),
  };
}

/** Authenticates a registry by its secret, or by a signature if its kind has one and the settings configure it. */
function registryDoor(
  { kind, webhookSecret, allowUnauthenticated, sns, google }: RegistrySettings,
  keys: PublishedKeys,
): Door {
  const bySecret = door(kind, webhookSecret, allowUnauthenticated);
  const proves = async (request: HookRequest) => {
    if (kind.proof === 'sns' && sns) return isFromTopic(request, sns, keys);
    return kind.proof === 'google' && google ? isFromServiceAccount(request, google, keys) : false;
  };
  const hasProof = (kind.proof === 'sns' && sns) || (kind.proof === 'google' && google);
  // A configured signature is never replaced by `allowUnauthenticated`.
  if (hasProof && !webhookSecret) return { isClosed: false, isAuthentic: proves };
  return {
    isClosed: bySecret.isClosed,
    isAuthentic: async (request) => (await bySecret.isAuthentic(request)) || proves(request),
  };
}
