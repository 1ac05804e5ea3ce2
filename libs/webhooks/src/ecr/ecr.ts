import { InvalidInput } from '@tidewaiter/domain';

import { readEach } from '../cloud-events.js';
import { authorizationEquals, field, type HookRequest, isObject, parseJson, secretEquals } from '../hook-request.js';
import {
  bodyKey,
  cloudEventKey,
  collect,
  ownKey,
  registryEvent,
  urlSecretEquals,
  type IgnoreReason,
  type RegistryEvent,
  type RegistryKind,
  type Setup,
} from '../registry-kind.js';
import { readSns, type SnsMessage } from '../sns.js';

const setup: Setup = {
  url: 'https://123456789012.dkr.ecr.eu-west-1.example.com',
  proof: 'signature of SNS and `topicArn`, or `X-Api-Key`, `Authorization` or `?token=`',
  repetition: "EventBridge's `id`",
  steps: [
    'Straight from EventBridge: **API destinations** → **Create connection** of type *API key*, name `X-Api-Key`, value `the-same-secret` → **Create API destination** with `https://tidewaiter.example.com/hooks/registry/main` and method `POST`.',
    `A rule with that target and this pattern:

\`\`\`json
{ "source": ["aws.ecr"], "detail-type": ["ECR Image Action", "ECR Pull Through Cache Action", "ECR Replication Action"] }
\`\`\``,
    `Or through SNS: the rule's target is a topic, the topic's subscription is of protocol HTTPS with the endpoint \`https://tidewaiter.example.com/hooks/registry/main\`, and the connection names the topic: \`topicArn: "arn:aws:sns:eu-west-1:123456789012:images"\`. Signatures are checked with Amazon's certificate (fetched only from \`sns.REGION\` of Amazon, or given by \`snsCertificateFile\`).`,
    'A confirmation of a subscription is accepted, counted and not followed: confirm it with `aws sns confirm-subscription --topic-arn … --token …`; the token stands in the request that Amazon shows as pending.',
  ],
  note: 'Raw delivery has no signature: put `?token=` into the endpoint.',
};

/**
 * Amazon ECR's events, from EventBridge straight (an API destination), through SNS in its envelope
 * or raw, or made into CloudEvents by an input transformer.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 */
export const ecr: RegistryKind = {
  kind: 'ecr',
  aliases: ['aws'],
  title: 'Amazon Elastic Container Registry',
  setup,
  authenticate: (request, secret) =>
    authorizationEquals(request, secret) ||
    urlSecretEquals(request, secret) ||
    keyHeaders.some((name) => secretEquals(request.headers[name], secret)),
  proof: 'sns',
  parse(request) {
    const envelope = readSns(request.body);
    return envelope === null
      ? readEach(request, (document, key) => [readDocument(document, request.headers, key)])
      : collect([readMessage(envelope, bodyKey(Buffer.from(envelope.message)))]);
  },
};

/** Headers that an API destination may be configured to send its key in. */
const keyHeaders = ['x-api-key', 'x-webhook-secret'];

/** Other publishers may use the topic, too, also with texts that are not JSON. */
function readMessage({ type, message }: SnsMessage, contentKey: string): RegistryEvent | IgnoreReason {
  if (type !== 'Notification') return 'subscription-confirmation';
  try {
    return readAny(parseJson(Buffer.from(message)), contentKey) ?? 'ignore';
  } catch (error) {
    if (error instanceof InvalidInput) return 'ignore';
    throw error;
  }
}

function readDocument(
  event: unknown,
  headers: HookRequest['headers'],
  contentKey: string,
): RegistryEvent | IgnoreReason {
  const outcome = readAny(event, contentKey);
  if (outcome !== null) return outcome;
  if (headers['x-amz-sns-message-type'] !== undefined) return 'ignore';
  throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no event of ECR.');
}

/** Null for anything but an event of EventBridge or a CloudEvent. */
function readAny(event: unknown, contentKey: string): RegistryEvent | IgnoreReason | null {
  if (field(event, 'specversion') !== undefined) return readCloudEvent(event, contentKey);
  const isEvent = typeof field(event, 'source') === 'string' && isObject(field(event, 'detail'));
  return isEvent ? readEvent(event, contentKey) : null;
}

function readEvent(event: unknown, contentKey: string): RegistryEvent | IgnoreReason {
  const detail = field(event, 'detail');
  const meaning = meaningOf(field(event, 'detail-type'), detail);
  if (meaning !== 'push' && meaning !== 'delete') return meaning;
  return registryEvent(meaning, {
    registry: hostOf(field(event, 'account'), field(event, 'region')),
    repository: field(detail, 'repository-name'),
    tag: field(detail, 'image-tag'),
    digest: field(detail, 'image-digest'),
    mediaType: field(detail, 'manifest-media-type'),
    actor: undefined,
    at: field(event, 'time'),
    // The same event may come directly and through SNS.
    ownKey: ownKey(field(event, 'id')),
    contentKey,
  });
}

function meaningOf(type: unknown, detail: unknown): 'push' | 'delete' | IgnoreReason {
  switch (type) {
    case 'ECR Image Action':
      if (field(detail, 'result') !== 'SUCCESS') return 'ignore';
      return actions.get(field(detail, 'action-type')) ?? 'ignore';
    case 'ECR Pull Through Cache Action':
      return field(detail, 'sync-status') === 'SUCCESS' ? 'push' : 'ignore';
    case 'ECR Replication Action':
      return field(detail, 'result') === 'SUCCESS' ? 'push' : 'ignore';
    case 'ECR Image Scan':
    case 'Inspector2 Scan':
    case 'Inspector2 Finding':
      return 'scan';
    default:
      return 'ignore';
  }
}

const actions: ReadonlyMap<unknown, 'push' | 'delete'> = new Map([
  ['PUSH', 'push'],
  ['DELETE', 'delete'],
]);

function readCloudEvent(event: unknown, contentKey: string): RegistryEvent | IgnoreReason {
  const type = field(event, 'type');
  const action = typeof type === 'string' ? /^com\.amazon\.ecr\.image\.(push|delete)$/.exec(type)?.[1] : undefined;
  if (action === undefined) return 'ignore';
  const data = field(event, 'data');
  return registryEvent(action as 'push' | 'delete', {
    registry: hostOf(field(data, 'registryId'), regionOf(field(event, 'source'))),
    repository: field(data, 'repositoryName'),
    tag: field(data, 'imageTag'),
    digest: field(data, 'imageDigest'),
    actor: undefined,
    at: field(event, 'time'),
    ownKey: cloudEventKey(field(event, 'source'), field(event, 'id')),
    contentKey,
  });
}

/** `urn:aws:ecr:eu-west-1:123456789012:repository/shop/app` */
function regionOf(source: unknown): string | undefined {
  return typeof source === 'string' ? source.split(':')[3] : undefined;
}

function hostOf(account: unknown, region: unknown): string | undefined {
  if (typeof account !== 'string' || typeof region !== 'string') return undefined;
  return `${account}.dkr.ecr.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}
