import { InvalidInput, isDigest } from '@tidewaiter/domain';

import { authorizationEquals, field, type HookRequest, parseJson } from '../hook-request.js';
import {
  bodyKey,
  cloudEventKey,
  collect,
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
  repetition: '`ce-source` and `ce-id`',
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
  note: 'Zot does not retry, and keeps no order.',
};

/**
 * Zot's events to an HTTP sink: CloudEvents in binary mode, so that type and id stand in headers. They name no host.
 * @see https://zotregistry.dev/latest/articles/events/
 */
export const zot: RegistryKind = {
  kind: 'zot',
  aliases: [],
  title: 'Zot',
  setup,
  authenticate: (request, secret) => authorizationEquals(request, secret) || urlSecretEquals(request, secret),
  parse(request) {
    const type = request.headers['ce-type'];
    if (type === undefined) throw new InvalidInput('BODY_UNRECOGNIZED', 'The request is no event of Zot.');
    return collect([readEvent(type, request)]);
  },
};

function readEvent(type: string, { headers, body }: HookRequest): RegistryEvent | IgnoreReason {
  const outcome = meanings.get(type) ?? 'ignore';
  if (outcome !== 'push' && outcome !== 'delete') return outcome;
  const data = parseJson(body);
  const reference = field(data, 'reference');
  return registryEvent(outcome, {
    registry: undefined,
    repository: field(data, 'name'),
    tag: isDigest(reference) ? undefined : reference,
    digest: field(data, 'digest') ?? reference,
    mediaType: field(data, 'mediaType'),
    actor: field(data, 'actor', 'name'),
    at: headers['ce-time'],
    deliveryKey: cloudEventKey(headers['ce-source'], headers['ce-id']) ?? bodyKey(body),
  });
}

const meanings: ReadonlyMap<string, 'push' | 'delete' | 'scan'> = new Map([
  ['zotregistry.image.updated', 'push'],
  ['zotregistry.image.deleted', 'delete'],
  ['zotregistry.image.scanned', 'scan'],
]);
