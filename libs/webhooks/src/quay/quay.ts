import { InvalidInput } from '@tidewaiter/domain';

import { field, isObject, parseJson } from '../hook-request.js';
import {
  bodyKey,
  collect,
  registryEvent,
  urlSecretEquals,
  type IgnoreReason,
  type RegistryEvent,
  type RegistryKind,
  type Setup,
} from '../registry-kind.js';

const setup: Setup = {
  url: 'https://quay.example.com',
  proof: '`?token=` in the URL',
  repetition: 'the same body and tag, for 30 seconds',
  steps: [
    'In Quay: the repository → **Settings** → **Events and Notifications** → **Create Notification**.',
    '**When this event occurs** *Push to Repository*; **Then issue a notification** *Webhook POST*.',
    '**Webhook URL** `https://tidewaiter.example.com/hooks/registry/main?token=the-same-secret`; leave **POST JSON body template** empty. **Create Notification**.',
  ],
  note: 'A push names tags and no digest: the registry is asked. Other events (builds, mirrors, vulnerabilities, expiries, quotas) are accepted and ignored. After three failures in a row Quay disables the notification; its page shows that.',
};

/**
 * Red Hat Quay's notifications by webhook POST: one for a push, with every tag that it moved and no
 * digest.
 * @see https://docs.quay.io/guides/notifications.html
 */
export const quay: RegistryKind = {
  kind: 'quay',
  aliases: [],
  title: 'Red Hat Quay',
  setup,
  authenticate: urlSecretEquals,
  parse({ body }) {
    const payload = parseJson(body);
    // Notifications about a namespace (its quota) have no `docker_url`.
    if (!['docker_url', 'namespace', 'homepage'].some((name) => typeof field(payload, name) === 'string')) {
      throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no notification of Quay.');
    }
    return collect(readNotification(payload, bodyKey(body)));
  },
};

function* readNotification(payload: unknown, key: string): Iterable<RegistryEvent | IgnoreReason> {
  if (isObject(field(payload, 'vulnerability'))) {
    const tags = field(payload, 'tags');
    return yield* Array.isArray(tags) && tags.length > 0 ? tags.map((): IgnoreReason => 'scan') : (['scan'] as const);
  }
  const updated = field(payload, 'updated_tags');
  // Builds, mirrors, expiries and quotas name no tags that were moved.
  if (!isObject(updated) && !Array.isArray(updated)) return yield 'ignore';
  // A map in Quay's older versions, of tags to ids that are no digests.
  const tags: unknown[] = Array.isArray(updated) ? updated : Object.keys(updated);
  if (tags.length === 0) return yield 'ignore';
  for (const tag of tags) {
    yield registryEvent('push', {
      registry: hostOf(field(payload, 'docker_url')),
      repository: field(payload, 'repository'),
      tag,
      digest: undefined,
      actor: undefined,
      at: undefined,
      ownKey: null,
      contentKey: `${key}#${typeof tag === 'string' ? tag.slice(0, 128) : ''}`,
    });
  }
}

/** `quay.io/shop/app` begins with the host. */
function hostOf(dockerUrl: unknown): string | null {
  return typeof dockerUrl === 'string' ? (dockerUrl.split('/', 1)[0] ?? null) : null;
}
