import { InvalidInput, isDigest } from '@tidewaiter/domain';

import { readEach } from '../cloud-events.js';
import { authorizationEquals, field } from '../hook-request.js';
import {
  cloudEventKey,
  registryEvent,
  urlSecretEquals,
  type IgnoreReason,
  type RegistryEvent,
  type RegistryKind,
  type Setup,
} from '../registry-kind.js';

const setup: Setup = {
  url: 'https://zot.example.com',
  proof: '`Authorization` header, or `?token=`',
  repetition: 'CloudEvents `source` and `id`',
  steps: [
    `In Zot's configuration, then restart it:

\`\`\`json
{
  "extensions": {
    "events": {
      "enable": true,
      "sinks": [
        {
          "type": "http",
          "address": "https://tidewaiter.example.com/hooks/registry/main",
          "timeout": "5s",
          "headers": { "Authorization": "Bearer the-same-secret" }
        }
      ]
    }
  }
}
\`\`\``,
  ],
  note: 'Zot does not retry, and keeps no order. CloudEvents are read in binary, structured and batch mode. Types other than an updated or deleted image are accepted and ignored.',
};

/**
 * Events of Zot to an HTTP sink: CloudEvents in binary mode, or in another by a broker after it.
 * They name no host.
 * @see https://zotregistry.dev/latest/articles/events/
 */
export const zot: RegistryKind = {
  kind: 'zot',
  aliases: [],
  title: 'Zot',
  setup,
  authenticate: (request, secret) => authorizationEquals(request, secret) || urlSecretEquals(request, secret),
  parse: (request) => readEach(request, (event, key) => [readEvent(event, key)]),
};

function readEvent(event: unknown, contentKey: string): RegistryEvent | IgnoreReason {
  const type = field(event, 'type');
  if (typeof type !== 'string' || field(event, 'specversion') === undefined) {
    throw new InvalidInput('BODY_UNRECOGNIZED', 'The request is no event of Zot.');
  }
  const outcome = meanings.get(type) ?? 'ignore';
  if (outcome !== 'push' && outcome !== 'delete') return outcome;
  const data = field(event, 'data');
  const reference = field(data, 'reference');
  return registryEvent(outcome, {
    registry: undefined,
    repository: field(data, 'name'),
    tag: isDigest(reference) ? undefined : reference,
    digest: field(data, 'digest') ?? reference,
    mediaType: field(data, 'mediaType'),
    actor: field(data, 'actor', 'name'),
    at: field(event, 'time'),
    ownKey: cloudEventKey(field(event, 'source'), field(event, 'id')),
    contentKey,
  });
}

const meanings: ReadonlyMap<string, 'push' | 'delete' | 'scan'> = new Map([
  ['zotregistry.image.updated', 'push'],
  ['zotregistry.image.deleted', 'delete'],
  ['zotregistry.image.scanned', 'scan'],
]);
