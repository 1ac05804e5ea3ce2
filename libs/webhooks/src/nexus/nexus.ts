import { InvalidInput, isDigest } from '@tidewaiter/domain';

import { field, hmacEquals, isObject, parseJson } from '../hook-request.js';
import {
  bodyKey,
  collect,
  registryEvent,
  type IgnoreReason,
  type RegistryEvent,
  type RegistryKind,
  type Setup,
} from '../registry-kind.js';

const setup: Setup = {
  url: 'https://docker.nexus.example.com',
  proof: '`X-Nexus-Webhook-Signature`',
  repetition: 'the same signed body, which states the time',
  steps: [
    'In Nexus Repository: **Settings** → **System** → **Capabilities** → **Create capability** → *Webhook: Repository*.',
    '**Repository** the Docker repository; **Event Types** *component*; **URL** `https://tidewaiter.example.com/hooks/registry/main`; **Secret Key** `the-same-secret`.',
  ],
  note: 'Nexus names no host, because each of its Docker repositories has its own port or name: make a connection for each, with that `url`. It does not retry.',
};

/**
 * Sonatype Nexus Repository's webhooks for components and assets. It signs with HMAC-SHA1, and
 * names no host: each of its Docker repositories has its own port or name, which only the
 * connection knows.
 * @see https://help.sonatype.com/en/webhooks.html
 */
export const nexus: RegistryKind = {
  kind: 'nexus',
  aliases: ['nexus3'],
  title: 'Sonatype Nexus Repository',
  setup,
  authenticate: ({ headers, body }, secret) => hmacEquals(headers['x-nexus-webhook-signature'], body, secret, 'sha1'),
  parse({ headers, body }) {
    const payload = parseJson(body);
    // Audit webhooks and those about a repository have no `repositoryName`.
    const isNamed = headers['x-nexus-webhook-id'] !== undefined || typeof field(payload, 'nodeId') === 'string';
    const isRepositoryEvent = typeof field(payload, 'repositoryName') === 'string';
    if (!isObject(payload) || !(isNamed || isRepositoryEvent)) {
      throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no webhook of Nexus Repository.');
    }
    return collect([readEvent(payload, bodyKey(body))]);
  },
};

const outcomes: ReadonlyMap<unknown, RegistryEvent['outcome']> = new Map([
  ['CREATED', 'push'],
  ['UPDATED', 'push'],
  ['DELETED', 'delete'],
]);

function readEvent(payload: unknown, contentKey: string): RegistryEvent | IgnoreReason {
  const outcome = outcomes.get(field(payload, 'action'));
  const subject = subjectOf(payload);
  if (outcome === undefined || subject === null) return 'ignore';
  if (subject === 'blob') return 'blob';
  const { repository, reference } = subject;
  return registryEvent(outcome, {
    registry: undefined,
    repository,
    tag: isDigest(reference) ? undefined : reference,
    digest: reference,
    actor: field(payload, 'initiator'),
    at: zoned(field(payload, 'timestamp')),
    // X-Nexus-Webhook-Delivery is not signed.
    ownKey: null,
    contentKey,
  });
}

interface Subject {
  repository: unknown;
  /** A tag or a digest. */
  reference: unknown;
}

function subjectOf(payload: unknown): Subject | 'blob' | null {
  const component = field(payload, 'component');
  if (isObject(component)) {
    const { format, name, version } = component;
    return format === 'docker' ? { repository: name, reference: version } : null;
  }
  const path = field(payload, 'asset', 'name');
  if (field(payload, 'asset', 'format') !== 'docker' || typeof path !== 'string') return null;
  const [, repository, reference] = /^\/?v2\/(.+)\/manifests\/([^/]+)$/.exec(path) ?? [];
  return repository === undefined ? 'blob' : { repository, reference };
}

/** Older versions write `+0000`. */
function zoned(time: unknown): unknown {
  return typeof time === 'string' ? time.replace(/([+-]\d\d)(\d\d)$/, '$1:$2') : time;
}
