import { InvalidInput } from '@tidewaiter/domain';

import { field, hmacEquals, parseJson, secretEquals } from '../hook-request.js';
import {
  bodyKey,
  collect,
  registryEvent,
  type IgnoreReason,
  type RegistryEvent,
  type RegistryKind,
  type Setup,
} from '../registry-kind.js';

const setup: Setup = {
  url: 'https://artifactory.example.com',
  proof: '`X-JFrog-Event-Auth`: signature, or the secret itself',
  repetition: 'the same body, for 30 seconds',
  steps: [
    'In the JFrog platform: **Administration** → **General** → **Webhooks** → **Create a WebHook**.',
    '**URL** `https://tidewaiter.example.com/hooks/registry/main`; **Secret Token** `the-same-secret`, with **Use secret for payload signing** on.',
    '**Events**: *Docker* → *Tag was pushed*, *Tag was deleted*, *Tag was promoted*; choose the repositories. **Create**.',
  ],
  note: 'The repository is named with its key, as it is pulled: `docker-local/shop/app`.',
};

/**
 * JFrog Artifactory's webhooks of the domain `docker`. One header carries either the secret itself
 * or a signature made with it, depending on a check box.
 * @see https://jfrog.com/help/r/jfrog-platform-administration-documentation/webhooks
 */
export const jfrog: RegistryKind = {
  kind: 'jfrog',
  aliases: ['artifactory'],
  title: 'JFrog Artifactory',
  setup,
  authenticate({ headers, body }, secret) {
    const proof = headers['x-jfrog-event-auth'];
    return hmacEquals(proof, body, secret) || secretEquals(proof, secret);
  },
  parse({ body }) {
    const payload = parseJson(body);
    if (typeof field(payload, 'domain') !== 'string' && typeof field(payload, 'event_type') !== 'string') {
      throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no webhook of Artifactory.');
    }
    return collect([readEvent(payload, bodyKey(body))]);
  },
};

const outcomes: ReadonlyMap<unknown, RegistryEvent['outcome']> = new Map([
  ['pushed', 'push'],
  ['promoted', 'push'],
  ['deleted', 'delete'],
]);

function readEvent(payload: unknown, contentKey: string): RegistryEvent | IgnoreReason {
  const outcome = outcomes.get(field(payload, 'event_type'));
  if (field(payload, 'domain') !== 'docker' || outcome === undefined) return 'ignore';
  const data = field(payload, 'data');
  const sha256 = field(data, 'sha256');
  return registryEvent(outcome, {
    registry: hostOf(field(payload, 'jpd_origin')),
    repository: repositoryOf(field(data, 'repo_key'), field(data, 'path')),
    tag: field(data, 'tag'),
    // Digest of the manifest file, without `sha256:`.
    digest: typeof sha256 === 'string' ? `sha256:${sha256}` : undefined,
    actor: field(payload, 'source'),
    at: undefined,
    ownKey: null,
    contentKey,
  });
}

/**
 * `shop/app/1.0/manifest.json` in `docker-local` is pulled as `docker-local/shop/app`; `image_name`
 * may be its last part only.
 */
function repositoryOf(key: unknown, path: unknown): string | null {
  if (typeof key !== 'string' || typeof path !== 'string') return null;
  return [key, ...path.split('/').slice(0, -2)].join('/');
}

function hostOf(origin: unknown): string | null {
  return typeof origin === 'string' ? (URL.parse(origin)?.host ?? null) : null;
}
