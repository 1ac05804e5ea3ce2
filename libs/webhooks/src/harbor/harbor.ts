import { InvalidInput } from '@tidewaiter/domain';

import { readEach } from '../cloud-events.js';
import { authorizationEquals, field, isObject } from '../hook-request.js';
import {
  cloudEventKey,
  registryEvent,
  timeOfSeconds,
  type IgnoreReason,
  type RegistryEvent,
  type RegistryKind,
  type Setup,
} from '../registry-kind.js';

const setup: Setup = {
  url: 'https://harbor.example.com',
  proof: '`Authorization` header',
  repetition: 'CloudEvents `source` and `id`; Default format: the same body, which states the time',
  steps: [
    'In Harbor, for each project: **Projects** → the project → **Webhooks** → **New Webhook**.',
    '**Notify Type** `http`; **Payload Format** `CloudEvents` (its ids identify repeated deliveries) or `Default`.',
    '**Event Type**: *Artifact pushed* and *Artifact deleted*. Others are accepted and ignored.',
    '**Endpoint URL** `https://tidewaiter.example.com/hooks/registry/main`; **Auth Header** `Bearer the-same-secret`. Save it.',
  ],
  note: 'A webhook of notify type `slack` sends a text for readers and is refused with `BODY_UNRECOGNIZED`.',
};

/**
 * Harbor's project webhooks, in the Default and the CloudEvents format.
 * @see
 * https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/
 */
export const harbor: RegistryKind = {
  kind: 'harbor',
  aliases: [],
  title: 'Harbor',
  setup,
  authenticate: authorizationEquals,
  parse: (request) =>
    readEach(request, (body, key) => {
      const notice = readNotice(body, key);
      const { meaning } = notice;
      return meaning === 'push' || meaning === 'delete' ? readResources(meaning, notice) : [meaning];
    }),
};

type Meaning = 'push' | 'delete' | 'pull' | 'scan' | 'ignore';

/**
 * Both formats, and the event names of Harbor 1.x. Replication, quota, retention and chart events
 * are `ignore`.
 */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['PUSH_ARTIFACT', 'push'],
  ['harbor.artifact.pushed', 'push'],
  ['pushImage', 'push'],
  ['DELETE_ARTIFACT', 'delete'],
  ['harbor.artifact.deleted', 'delete'],
  ['deleteImage', 'delete'],
  ['PULL_ARTIFACT', 'pull'],
  ['harbor.artifact.pulled', 'pull'],
  ['pullImage', 'pull'],
  ['SCANNING_COMPLETED', 'scan'],
  ['SCANNING_FAILED', 'scan'],
  ['SCANNING_STOPPED', 'scan'],
  ['harbor.scan.completed', 'scan'],
  ['harbor.scan.failed', 'scan'],
  ['harbor.scan.stopped', 'scan'],
  ['scanningCompleted', 'scan'],
  ['scanningFailed', 'scan'],
]);

interface Notice {
  meaning: Meaning;
  data: unknown;
  actor: unknown;
  at: unknown;
  ownKey: string | null;
  contentKey: string;
}

function readNotice(body: unknown, contentKey: string): Notice {
  const type = field(body, 'type');
  const data = field(body, 'data') ?? field(body, 'event_data');
  const meaning = typeof type === 'string' ? (meanings.get(type) ?? 'ignore') : undefined;
  const needsData = meaning === 'push' || meaning === 'delete';
  // Harbor's third format is a Slack message without a type: refused, as its pushes would be lost.
  if (meaning === undefined || (needsData && !isObject(data))) {
    throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no webhook of Harbor.');
  }
  const common = { meaning, data, actor: field(body, 'operator') };
  if (field(body, 'specversion') === undefined) {
    return { ...common, at: timeOfSeconds(field(body, 'occur_at')), ownKey: null, contentKey };
  }
  return {
    ...common,
    at: field(body, 'time'),
    ownKey: cloudEventKey(field(body, 'source'), field(body, 'id')),
    contentKey,
  };
}

function* readResources(
  outcome: 'push' | 'delete',
  { data, actor, at, ownKey, contentKey }: Notice,
): Iterable<RegistryEvent | IgnoreReason> {
  const resources = field(data, 'resources');
  if (!Array.isArray(resources) || resources.length === 0) return yield 'malformed';
  for (const [index, resource] of resources.entries()) {
    yield registryEvent(outcome, {
      registry: hostOf(field(resource, 'resource_url')),
      repository: field(data, 'repository', 'repo_full_name'),
      // For an untagged artifact this is the digest, which is not a valid tag and is read as none.
      tag: field(resource, 'tag'),
      digest: field(resource, 'digest'),
      actor,
      at,
      ownKey: ownKey && `${ownKey}#${index}`,
      contentKey: `${contentKey}#${index}`,
    });
  }
}

/** `localhost:5000/shop/app:1` begins with the host. */
function hostOf(resourceUrl: unknown): string | null {
  return typeof resourceUrl === 'string' ? (resourceUrl.split('/', 1)[0] ?? null) : null;
}
