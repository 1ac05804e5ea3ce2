import { InvalidInput } from '@tidewaiter/domain';

import { field, isObject, parseJson } from '../hook-request.js';
import {
  bodyKey,
  collect,
  registryEvent,
  timeOfSeconds,
  urlSecretEquals,
  type RegistryKind,
  type Setup,
} from '../registry-kind.js';

const setup: Setup = {
  url: 'https://registry.example.com',
  proof: '`?token=` in the URL',
  repetition: 'the same body, which states the time',
  steps: [
    'In Docker Hub: the repository → **Webhooks**.',
    '**Webhook name** `tidewaiter`; **Webhook URL** `https://tidewaiter.example.com/hooks/registry/main?token=the-same-secret`. **Create**.',
  ],
  note: 'Docker Hub signs nothing, names no digest and tries once. The registry is asked for the digest of the tag; `callback_url` is never called. Keep URLs out of the logs of proxies in between.',
};

/**
 * Docker Hub's webhooks. They are not signed, so the secret is in the URL; they have no id, and no
 * digest either. Their `callback_url` is never called.
 * @see https://docs.docker.com/docker-hub/repos/manage/webhooks/
 */
export const dockerHub: RegistryKind = {
  kind: 'dockerhub',
  aliases: ['docker-hub'],
  title: 'Docker Hub',
  setup,
  authenticate: urlSecretEquals,
  parse({ body }) {
    const payload = parseJson(body);
    const push = field(payload, 'push_data');
    const repository = field(payload, 'repository');
    if (!isObject(repository)) {
      throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no webhook of Docker Hub.');
    }
    if (!isObject(push)) return collect(['ignore']);
    const event = registryEvent('push', {
      registry: 'docker.io',
      repository: field(repository, 'repo_name'),
      tag: field(push, 'tag'),
      digest: undefined,
      // Media type of the config, the only one that Docker Hub sends.
      mediaType: field(push, 'media_type'),
      actor: field(push, 'pusher'),
      at: timeOfSeconds(field(push, 'pushed_at')),
      ownKey: null,
      contentKey: bodyKey(body),
    });
    return collect([event]);
  },
};
