import { InvalidInput } from '@tidewaiter/domain';

import { isBinaryCloudEvent, readEach } from '../cloud-events.js';
import {
  authorizationEquals,
  field,
  hmacEquals,
  type HookRequest,
  isObject,
  parseJson,
  secretEquals,
} from '../hook-request.js';
import {
  bodyKey,
  cloudEventKey,
  collect,
  ownKey,
  registryEvent,
  urlSecretEquals,
  type GenericHookFields,
  type HookClaims,
  type IgnoreReason,
  type RegistryEvent,
  type RegistryKind,
  type Setup,
} from '../registry-kind.js';

const setup: Setup = {
  url: 'https://registry.example.com',
  proof: '`Authorization`, `X-Webhook-Secret`, `X-Hub-Signature-256` or `?token=`',
  repetition: 'what `fields.id` names, else the same body; for 30 seconds if it states no time',
  steps: [
    `Say in the connection where in the JSON what stands:

\`\`\`yaml
    fields:
      events: items            # a list with an event each; without it the body is one event
      action: what             # without it everything is a push
      push: [uploaded]
      delete: [removed]
      repository: image.path   # shop/app
      tag: image.label
      digest: image.digest
      id: number               # identifies repeated deliveries
      at: time                 # also: actor, mediaType, registry
\`\`\``,
    'Without `fields` CloudEvents (in any content mode) of the types `container.image.push` and `container.image.delete` are read, with `data.repository`, `data.tag` and `data.digest`.',
    `From a pipeline: \`curl -fsS --oauth2-bearer the-same-secret -d '{"type":"container.image.push","data":{"repository":"shop/app","tag":"1.0"}}' https://tidewaiter.example.com/hooks/registry/main\``,
  ],
  note: 'Paths are names joined by dots, through objects only.',
};

/**
 * Any sender of JSON: the configuration names the path of each field. Without one, CloudEvents of
 * the type `container.image.push`.
 */
export const generic: RegistryKind = {
  kind: 'generic',
  aliases: [],
  title: 'Any sender of JSON',
  setup,
  authenticate: (request, secret) =>
    authorizationEquals(request, secret) ||
    urlSecretEquals(request, secret) ||
    secretEquals(request.headers['x-webhook-secret'], secret) ||
    hmacEquals(signatureOf(request), request.body, secret),
  parse(request, { fields } = {}) {
    if (fields === undefined) {
      const isSigned = signatureOf(request) !== undefined && isBinaryCloudEvent(request);
      const keysOf = isSigned ? signedKeysOf(request) : anyKeysOf;
      return readEach(request, (document, key) => readDocument(document, cloudEventFields, key, keysOf));
    }
    // Configured paths are about the body as it is sent.
    return collect(readDocument(parseJson(request.body), fields, bodyKey(request.body), anyKeysOf));
  },
};

function readDocument(
  document: unknown,
  fields: GenericHookFields,
  contentKey: string,
  keysOf: KeysOf,
): (RegistryEvent | IgnoreReason)[] {
  const events = at(document, fields.events);
  const list: unknown[] = Array.isArray(events) ? events : [events];
  if (!isObject(document) && !list.some(isObject)) {
    throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no object, and has no list of objects.');
  }
  return list.map((event, index) =>
    isObject(event) ? readEvent(event, fields, keysOf(event, fields, `${contentKey}#${index}`)) : 'malformed',
  );
}

function signatureOf({ headers }: HookRequest): string | undefined {
  return headers['x-hub-signature-256']?.replace(/^sha256=/, '');
}

const cloudEventFields: GenericHookFields = {
  action: 'type',
  push: ['container.image.push'],
  delete: ['container.image.delete'],
  repository: 'data.repository',
  tag: 'data.tag',
  digest: 'data.digest',
  registry: 'data.registryUrl',
  actor: 'data.actor',
  at: 'time',
  id: 'id',
};

type Keys = Pick<HookClaims, 'ownKey' | 'contentKey' | 'isDated'>;
type KeysOf = (event: unknown, fields: GenericHookFields, contentKey: string) => Keys;

const anyKeysOf: KeysOf = (event, fields, contentKey) => {
  const id = fields.id === undefined ? undefined : at(event, fields.id);
  return { ownKey: cloudEventKey(field(event, 'source'), id) ?? ownKey(id), contentKey };
};

/** A signature covers the body alone, and in binary mode id and time are headers. */
function signedKeysOf({ body }: HookRequest): KeysOf {
  return () => ({ ownKey: null, contentKey: bodyKey(body), isDated: false });
}

function readEvent(event: unknown, fields: GenericHookFields, keys: Keys): RegistryEvent | IgnoreReason {
  const outcome = outcomeOf(event, fields);
  if (outcome === null) return 'ignore';
  return registryEvent(outcome, {
    registry: optional(event, fields.registry),
    repository: at(event, fields.repository),
    tag: optional(event, fields.tag),
    digest: optional(event, fields.digest),
    mediaType: optional(event, fields.mediaType),
    actor: optional(event, fields.actor),
    at: optional(event, fields.at),
    ...keys,
  });
}

function outcomeOf(event: unknown, { action, push, delete: deletion }: GenericHookFields): 'push' | 'delete' | null {
  if (action === undefined) return 'push';
  const word = at(event, action);
  if (typeof word !== 'string') return null;
  if ((push ?? ['push']).includes(word)) return 'push';
  return (deletion ?? ['delete']).includes(word) ? 'delete' : null;
}

function optional(event: unknown, path: string | undefined): unknown {
  return path === undefined ? undefined : at(event, path);
}

/** Value at a path such as `data.repository`; the whole value without a path. */
function at(value: unknown, path = ''): unknown {
  return path === '' ? value : field(value, ...path.split('.'));
}
