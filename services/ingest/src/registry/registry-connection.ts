import type { Secret } from '@tidewaiter/domain';
import type { PublishedKeys } from '@tidewaiter/job-tokens';
import type { RegistrySettings } from '@tidewaiter/runtime';
import { redactSecrets } from '@tidewaiter/secrets';
import type { Handshake, HookRequest, RegistryEvent } from '@tidewaiter/webhooks';

import { isFromServiceAccount, isFromTopic } from '../http/sender-proofs.js';
import type { RegistryNotice } from './registry-notice.js';

/** Parsed hook: facts and counts of ignored events. */
export interface ReadHook {
  facts: RegistryNotice[];
  /** Number of events left out, by reason. */
  ignored: Record<string, number>;
}

/** A configured registry. */
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
  /**
   * Evaluated on the raw request.
   * @throws Unavailable when a key that it needs cannot be had now
   */
  isAuthentic(request: HookRequest): Promise<boolean>;
  /** Answer to a sender's handshake request; null where the request is none. */
  handshake(request: HookRequest): Handshake | null;
  /** @throws InvalidInput when the body is not of this kind */
  read(request: HookRequest): ReadHook;
}

export function registryConnection(settings: RegistrySettings, keys: PublishedKeys): RegistryHookConnection {
  const { name, kind, fields } = settings;
  return {
    family: 'registry',
    id: `registry/${name}`,
    name,
    kind: kind.kind,
    ...registryAuthentication(settings, keys),
    handshake: (request) => kind.handshake?.(request) ?? null,
    read(request) {
      const { events, ignored } = kind.parse(request, { fields });
      return { facts: events.map((event) => registryFact(name, event)), ignored };
    },
  };
}

function registryFact(connection: string, event: RegistryEvent): RegistryNotice {
  const { deliveryKey, identity, repository, tag, digest, at } = event;
  const key = { deliveryKey, identity };
  // A user, a URL or a user agent, as the registry reports it: it may contain a password.
  const actor = event.actor && redactSecrets(event.actor);
  if (event.outcome === 'delete') {
    return { kind: 'deletion', ...key, deletion: { connection, repository, tag, digest, deletedBy: actor, at } };
  }
  const { artifact, attachedTo } = event;
  const claims = { claimedDigest: digest, artifact, attachedTo, pushedBy: actor, pushedAt: at };
  return { kind: 'push', ...key, push: { connection, repository, tag, ...claims } };
}

type Authentication = Pick<RegistryHookConnection, 'isClosed' | 'isAuthentic'>;

interface Authenticator {
  authenticate(request: HookRequest, secret: Secret): boolean;
}

function secretAuthentication(
  kind: Authenticator,
  secret: Secret | undefined,
  allowUnauthenticated: boolean,
): Authentication {
  return {
    isClosed: !secret && !allowUnauthenticated,
    isAuthentic: async (request) => (secret ? kind.authenticate(request, secret) : allowUnauthenticated),
  };
}

/**
 * Authenticates a registry by its secret, or by a signature if its kind has one and the settings
 * configure it.
 */
function registryAuthentication(
  { kind, webhookSecret, allowUnauthenticated, sns, google }: RegistrySettings,
  keys: PublishedKeys,
): Authentication {
  const bySecret = secretAuthentication(kind, webhookSecret, allowUnauthenticated);
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
