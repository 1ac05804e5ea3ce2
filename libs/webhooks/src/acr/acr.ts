import { InvalidInput } from '@tidewaiter/domain';

import { readEach } from '../cloud-events.js';
import { authorizationEquals, field, isObject, parseJson } from '../hook-request.js';
import {
  cloudEventKey,
  ownKey,
  registryEvent,
  urlSecretEquals,
  type IgnoreReason,
  type RegistryEvent,
  type RegistryKind,
  type Setup,
} from '../registry-kind.js';

const setup: Setup = {
  url: 'https://registry.example.com',
  proof: 'custom `Authorization` header, or `?token=`',
  repetition: '`id`, in CloudEvents with `source`',
  steps: [
    `Its own webhook:

\`\`\`
az acr webhook create --registry NAME --name tidewaiter --actions push delete \\
  --uri https://tidewaiter.example.com/hooks/registry/main --headers "Authorization=Bearer the-same-secret"
\`\`\``,
    `Or through Event Grid, in either schema; the handshake is answered:

\`\`\`
az eventgrid event-subscription create --name tidewaiter --source-resource-id ID_OF_THE_REGISTRY \\
  --event-delivery-schema cloudeventschemav1_0 \\
  --included-event-types Microsoft.ContainerRegistry.ImagePushed Microsoft.ContainerRegistry.ImageDeleted \\
  --endpoint "https://tidewaiter.example.com/hooks/registry/main?token=the-same-secret"
\`\`\``,
  ],
  note: 'ACR sends no notice when only a tag is deleted.',
};

/**
 * Azure Container Registry: its own webhooks, and its events through Event Grid in either schema,
 * one or many in a request.
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference
 * @see https://learn.microsoft.com/azure/event-grid/event-schema-container-registry
 */
export const acr: RegistryKind = {
  kind: 'acr',
  aliases: ['azure'],
  title: 'Azure Container Registry',
  setup,
  authenticate: (request, secret) => authorizationEquals(request, secret) || urlSecretEquals(request, secret),
  handshake({ headers, body }) {
    // Over CloudEvents it asks by OPTIONS whether it may send; the older schema wants a code said
    // back, with exactly 200.
    const origin = headers['webhook-request-origin'];
    if (body.length === 0) return origin === undefined ? null : allowOrigin(origin, headers['webhook-request-rate']);
    if (headers['aeg-event-type'] !== 'SubscriptionValidation') return null;
    const [event] = eventsOf(parseJson(body));
    const code = field(event, 'data', 'validationCode');
    return typeof code === 'string' ? { headers: {}, body: { validationResponse: code } } : null;
  },
  parse: (request) =>
    readEach(request, (document, key) => {
      const events = eventsOf(document);
      if (!events.every(isObject)) throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no webhook of ACR.');
      return events.map((event, index) => readEvent(event, `${key}#${index}`));
    }),
};

function allowOrigin(origin: string, rate = '*') {
  return { headers: { 'WebHook-Allowed-Origin': origin, 'WebHook-Allowed-Rate': rate }, body: null };
}

function eventsOf(payload: unknown): unknown[] {
  return Array.isArray(payload) ? payload : [payload];
}

/** In an envelope of Event Grid the registry's own event is `data`. */
function readEvent(event: unknown, contentKey: string): RegistryEvent | IgnoreReason {
  const isEnvelope = field(event, 'eventType') !== undefined || field(event, 'specversion') !== undefined;
  const notice = isEnvelope ? field(event, 'data') : event;
  const action = field(notice, 'action');
  if (action === 'ping') return 'ping';
  if (action !== 'push' && action !== 'delete')
    return typeof action === 'string' || isEnvelope ? 'ignore' : 'malformed';
  return registryEvent(action, {
    registry: field(notice, 'request', 'host'),
    repository: field(notice, 'target', 'repository'),
    tag: field(notice, 'target', 'tag'),
    digest: field(notice, 'target', 'digest'),
    mediaType: field(notice, 'target', 'mediaType'),
    actor: undefined,
    at: field(notice, 'timestamp'),
    ownKey: cloudEventKey(field(event, 'source'), field(event, 'id')) ?? ownKey(field(event, 'id')),
    contentKey,
  });
}
