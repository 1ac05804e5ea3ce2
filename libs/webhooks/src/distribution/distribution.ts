import { InvalidInput } from '@tidewaiter/domain';

import { authorizationEquals, field, parseJson } from '../hook-request.js';
import {
  bodyKey,
  collect,
  ownKey,
  registryEvent,
  type IgnoreReason,
  type RegistryEvent,
  type RegistryKind,
  type Setup,
} from '../registry-kind.js';

const setup: Setup = {
  url: 'https://registry.example.com',
  proof: '`Authorization` header',
  repetition: '`events[].id`',
  steps: [
    `In the registry's \`config.yml\`, then restart the registry:

\`\`\`yaml
notifications:
  endpoints:
    - name: tidewaiter
      url: https://tidewaiter.example.com/hooks/registry/main
      headers:
        Authorization: [Bearer the-same-secret]
      timeout: 1s
      threshold: 5
      backoff: 10s
      ignore:
        mediatypes: [application/octet-stream]
        actions: [pull]
\`\`\`

\`ignore\` is optional; it saves the registry a few requests for each push.`,
  ],
  note: 'The registry keeps its queue in memory: undelivered notices are lost when it restarts.',
};

/**
 * The CNCF registry, known as `registry:2` and `registry:3`: an envelope with any number of
 * unrelated events. It repeats a refused envelope for ever and keeps everything behind it waiting,
 * so one bad event is counted and never refused.
 * @see https://distribution.github.io/distribution/about/notifications/
 */
export const distribution: RegistryKind = {
  kind: 'distribution',
  aliases: [],
  title: 'Docker Registry / CNCF Distribution',
  setup,
  authenticate: authorizationEquals,
  parse({ body }) {
    const events = field(parseJson(body), 'events');
    if (!Array.isArray(events)) {
      throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no notification envelope.');
    }
    const envelopeKey = bodyKey(body);
    return collect(events.map((event, index) => readEvent(event, `${envelopeKey}#${index}`)));
  },
};

const manifestMediaTypes: ReadonlySet<unknown> = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
]);

/** Types of layers, which old registries report with the path of a manifest. */
const layerMediaType = /\.rootfs\.(?:foreign\.)?diff|\.image\.layer\./;

function readEvent(event: unknown, contentKey: string): RegistryEvent | IgnoreReason {
  const action = field(event, 'action');
  if (typeof action !== 'string') return 'malformed';
  // Deletions name no media type: a deleted blob looks like a deleted manifest.
  if (action === 'delete') return eventOf('delete', event, contentKey);
  if (isBlob(field(event, 'target'))) return 'blob';
  if (action === 'push') return eventOf('push', event, contentKey);
  return action === 'pull' ? 'pull' : 'ignore';
}

/**
 * Blobs have no tag, and a path of their own. A type that is not known proves nothing: a registry
 * may store manifests of newer types.
 */
function isBlob(target: unknown): boolean {
  const mediaType = field(target, 'mediaType');
  if (field(target, 'tag') || typeof mediaType !== 'string' || manifestMediaTypes.has(mediaType)) return false;
  const url = field(target, 'url');
  return layerMediaType.test(mediaType) || typeof url !== 'string' || !url.includes('/manifests/');
}

function eventOf(outcome: 'push' | 'delete', event: unknown, contentKey: string): RegistryEvent | 'malformed' {
  return registryEvent(outcome, {
    registry: field(event, 'request', 'host') ?? hostOf(field(event, 'target', 'url')),
    repository: field(event, 'target', 'repository'),
    tag: field(event, 'target', 'tag'),
    digest: field(event, 'target', 'digest'),
    mediaType: field(event, 'target', 'mediaType'),
    // `actor.user` of GitLab's registry is a token and stays where it is.
    actor: field(event, 'actor', 'name'),
    at: field(event, 'timestamp'),
    ownKey: ownKey(field(event, 'id')),
    contentKey,
  });
}

function hostOf(url: unknown): string | null {
  return typeof url === 'string' ? (URL.parse(url)?.host ?? null) : null;
}
