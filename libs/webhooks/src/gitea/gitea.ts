import { InvalidInput, isDigest } from '@tidewaiter/domain';

import { field, hmacEquals, type HookRequest, isObject, parseJson } from '../hook-request.js';
import {
  bodyKey,
  collect,
  jsonOfForm,
  registryEvent,
  type IgnoreReason,
  type RegistryEvent,
  type RegistryKind,
  type Setup,
} from '../registry-kind.js';

const setup: Setup = {
  url: 'https://git.example.com',
  proof: '`X-Gitea-Signature` or `X-Forgejo-Signature`',
  repetition: 'the same signed body, which states the time',
  steps: [
    'In Gitea or Forgejo, of the organization, the user or the repository: **Settings** → **Webhooks** → **Add Webhook** → *Gitea* or *Forgejo*.',
    '**Target URL** `https://tidewaiter.example.com/hooks/registry/main`; **POST Content Type** `application/json` (a form works too); **Secret** `the-same-secret`.',
    '**Trigger On** *Custom Events* → *Packages*. **Add Webhook**.',
  ],
  note: 'A tag arrives without its digest: the registry is asked.',
};

/**
 * Gitea's and Forgejo's `package` webhooks. In the form encoding they sign the JSON inside it, not
 * the form.
 * @see https://docs.gitea.com/usage/webhooks
 */
export const gitea: RegistryKind = {
  kind: 'gitea',
  aliases: ['forgejo'],
  title: 'Gitea and Forgejo',
  setup,
  authenticate: (request, secret) => hmacEquals(signatureOf(request.headers), jsonOfForm(request), secret),
  parse(request) {
    const payload = parseJson(jsonOfForm(request));
    // Pushes of commits, new branches and forks have no action.
    const isNamed = eventHeaders.some((name) => request.headers[name] !== undefined);
    if (!isObject(payload) || !(isNamed || typeof payload['action'] === 'string')) {
      throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no webhook of Gitea or Forgejo.');
    }
    return collect([readEvent(payload, bodyKey(jsonOfForm(request)))]);
  },
};

const eventHeaders = ['x-forgejo-event', 'x-gitea-event', 'x-gogs-event'];

// Without a secret Gitea sends these headers empty, and an empty text is no signature of anything.
function signatureOf(headers: HookRequest['headers']): string | undefined {
  return headers['x-forgejo-signature'] ?? headers['x-gitea-signature'];
}

const outcomes: ReadonlyMap<unknown, RegistryEvent['outcome']> = new Map([
  ['created', 'push'],
  ['deleted', 'delete'],
]);

function readEvent(payload: unknown, contentKey: string): RegistryEvent | IgnoreReason {
  const published = field(payload, 'package');
  const outcome = outcomes.get(field(payload, 'action'));
  if (!isObject(published) || published['type'] !== 'container' || outcome === undefined) return 'ignore';
  const { name, version } = published;
  const owner = field(published, 'owner', 'login') ?? field(payload, 'repository', 'owner', 'login');
  return registryEvent(outcome, {
    registry: hostOf(published['html_url']),
    // Accounts keep their capitals, repositories of OCI have none.
    repository: typeof owner === 'string' && typeof name === 'string' ? `${owner}/${name}`.toLowerCase() : null,
    // An untagged manifest is called by its digest.
    tag: isDigest(version) ? undefined : version,
    digest: version,
    actor: field(payload, 'sender', 'login'),
    at: published['created_at'],
    // The header X-Gitea-Delivery is not signed.
    ownKey: null,
    contentKey,
  });
}

function hostOf(url: unknown): string | null {
  return typeof url === 'string' ? (URL.parse(url)?.host ?? null) : null;
}
