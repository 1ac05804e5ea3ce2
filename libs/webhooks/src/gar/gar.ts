import { InvalidInput } from '@tidewaiter/domain';

import { readEach } from '../cloud-events.js';
import { field, type HookRequest, isObject, parseJson } from '../hook-request.js';
import {
  ownKey,
  registryEvent,
  urlSecretEquals,
  type HookClaims,
  type IgnoreReason,
  type RegistryEvent,
  type RegistryKind,
  type Setup,
} from '../registry-kind.js';

const setup: Setup = {
  url: 'https://europe-docker.example.com',
  proof: "Google's OIDC token for `audience` and `serviceAccount`, or `?token=`",
  repetition: '`messageId`',
  steps: [
    'Create the topic that Artifact Registry publishes to, once for the project: `gcloud pubsub topics create gcr`.',
    `A push subscription with a token:

\`\`\`
gcloud pubsub subscriptions create tidewaiter --topic gcr \\
  --push-endpoint https://tidewaiter.example.com/hooks/registry/main \\
  --push-auth-service-account tidewaiter@project.iam.gserviceaccount.com \\
  --push-auth-token-audience https://tidewaiter.example.com/hooks/registry/main
\`\`\``,
    'Or without a token: the push endpoint `https://tidewaiter.example.com/hooks/registry/main?token=the-same-secret` and neither of the two `--push-auth` options.',
    "With a token, in the connection `audience` and `serviceAccount` with the same values. Google's keys are fetched and kept for an hour, or given by `googleKeysFile`.",
  ],
  note: 'Payload unwrapping works, too. Messages of the topic about other things than images are counted as ignored.',
};

/**
 * Google Artifact Registry's topic `gcr` through a push subscription of Pub/Sub, whose token names
 * its audience.
 * @see https://cloud.google.com/artifact-registry/docs/configure-notifications
 * @see https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
 */
export const gar: RegistryKind = {
  kind: 'gar',
  aliases: ['gcr', 'google'],
  title: 'Google Artifact Registry',
  setup,
  authenticate: urlSecretEquals,
  proof: 'google',
  parse: (request) => readEach(request, (document, key) => [readDocument(document, request.headers, key)]),
};

function readDocument(
  document: unknown,
  headers: HookRequest['headers'],
  contentKey: string,
): RegistryEvent | IgnoreReason {
  // Eventarc puts the message into a CloudEvent.
  const payload = field(document, 'specversion') === undefined ? document : field(document, 'data');
  const message = field(payload, 'message');
  // A subscription may unwrap: then the body is the data itself and the other fields are in
  // headers.
  if (!isObject(message)) {
    const at = headers['x-goog-pubsub-publish-time'];
    return readNotice(payload, { at, ownKey: ownKey(headers['x-goog-pubsub-message-id']), contentKey, isDated: false });
  }
  const id = ownKey(message['messageId']) ?? ownKey(field(document, 'id'));
  return readNotice(dataOf(message), { at: message['publishTime'], ownKey: id, contentKey });
}

/** Data of a message; null if it is not JSON, since other publishers may use the topic too. */
function dataOf({ data }: Readonly<Record<string, unknown>>): unknown {
  if (typeof data !== 'string') return null;
  try {
    return parseJson(Buffer.from(data, 'base64'));
  } catch (error) {
    if (error instanceof InvalidInput) return null;
    throw error;
  }
}

const outcomes: ReadonlyMap<unknown, RegistryEvent['outcome']> = new Map([
  ['INSERT', 'push'],
  ['DELETE', 'delete'],
]);

function readNotice(
  notice: unknown,
  delivery: Pick<HookClaims, 'at' | 'ownKey' | 'contentKey' | 'isDated'>,
): RegistryEvent | IgnoreReason {
  const outcome = outcomes.get(field(notice, 'action'));
  if (outcome === undefined) return 'ignore';
  const byDigest = split(field(notice, 'digest'), '@');
  const byTag = split(field(notice, 'tag'), ':');
  const image = byDigest ?? byTag;
  return registryEvent(outcome, {
    registry: image?.host,
    repository: image?.repository,
    tag: byTag?.reference,
    digest: byDigest?.reference,
    actor: undefined,
    ...delivery,
  });
}

/**
 * `us.gcr.io/project/app.api:1` or `…@sha256:…`; names have dots and many slashes, a host may have
 * a port.
 */
function split(name: unknown, before: ':' | '@') {
  if (typeof name !== 'string') return null;
  const slash = name.indexOf('/');
  const end = name.indexOf(before, name.lastIndexOf('/') + 1);
  if (slash < 0 || end < 0) return null;
  return { host: name.slice(0, slash), repository: name.slice(slash + 1, end), reference: name.slice(end + 1) };
}
