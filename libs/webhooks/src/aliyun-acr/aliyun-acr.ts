import { InvalidInput } from '@tidewaiter/domain';

import { field, isObject, parseJson } from '../hook-request.js';
import { bodyKey, collect, registryEvent, urlSecretEquals, type RegistryKind, type Setup } from '../registry-kind.js';

const setup: Setup = {
  url: 'https://registry.example.com',
  proof: '`?token=` in the URL',
  repetition: 'the same body, which states the time',
  steps: [
    'In the console of Container Registry: the repository → **Triggers** → **Create**.',
    '**Trigger URL** `https://tidewaiter.example.com/hooks/registry/main?token=the-same-secret`; **Trigger** *All* or by expression.',
  ],
  note: 'Its times have no zone and are read as China Standard Time.',
};

/**
 * Alibaba Cloud Container Registry: nearly Docker Hub's shape, with a digest, a region and times
 * without a zone.
 * @see https://www.alibabacloud.com/help/en/acr/user-guide/use-webhooks
 */
export const aliyun: RegistryKind = {
  kind: 'aliyun-acr',
  aliases: ['aliyun'],
  title: 'Alibaba Cloud Container Registry',
  setup,
  authenticate: urlSecretEquals,
  parse({ body }) {
    const payload = parseJson(body);
    const repository = field(payload, 'repository');
    const push = field(payload, 'push_data');
    if (!isObject(repository)) {
      throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no webhook of Alibaba Cloud Container Registry.');
    }
    const region = field(repository, 'region');
    if (!isObject(push)) return collect(['ignore']);
    const event = registryEvent('push', {
      registry: typeof region === 'string' ? `registry.${region}.aliyuncs.com` : undefined,
      repository: field(repository, 'repo_full_name'),
      hasCapitals: true,
      tag: field(push, 'tag'),
      digest: field(push, 'digest'),
      actor: undefined,
      at: chinaTime(field(push, 'pushed_at')),
      ownKey: null,
      contentKey: bodyKey(body),
    });
    return collect([event]);
  },
};

/** `2016-11-29 12:25:46`, by the clock of China. */
function chinaTime(time: unknown): unknown {
  return typeof time === 'string' ? `${time.replace(' ', 'T')}+08:00` : time;
}
