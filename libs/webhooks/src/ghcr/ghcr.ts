import { InvalidInput, isDigest } from '@tidewaiter/domain';

import { field, hmacEquals, isObject, parseJson, readTime, type HookRequest } from '../hook-request.js';
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
  url: 'https://registry.example.com',
  proof: '`X-Hub-Signature-256`',
  repetition: 'the same signed body, which states the time',
  steps: [
    'In GitHub, of the organization or the repository: **Settings** → **Webhooks** → **Add webhook**.',
    '**Payload URL** `https://tidewaiter.example.com/hooks/registry/main`; **Content type** `application/json` (a form works too); **Secret** `the-same-secret`.',
    '**Let me select individual events** → *Registry packages* alone. *Packages* sends it a second time.',
    "**Add webhook**. GitHub sends a ping; the hook's page shows it answered with 202.",
  ],
  note: 'GitHub does not retry by itself. Tidewaiter requests failed webhooks again with [`redeliver`](../sources.md#failed-webhooks-of-github).',
};

/**
 * GitHub's `package` and `registry_package` webhooks, for the container registry ghcr.io.
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#registry_package
 */
export const ghcr: RegistryKind = {
  kind: 'ghcr',
  aliases: ['github'],
  title: 'GitHub Container Registry',
  setup,
  authenticate: ({ headers, body }, secret) => hmacEquals(signatureOf(headers), body, secret),
  parse: (request) => collect([readDelivery(request)]),
};

// X-Hub-Signature, SHA-1, is sent as well and proves too little.
function signatureOf(headers: HookRequest['headers']): string | undefined {
  return /^sha256=([0-9a-f]{64})$/.exec(headers['x-hub-signature-256'] ?? '')?.[1];
}

function readDelivery(request: HookRequest): RegistryEvent | IgnoreReason {
  const { headers, body } = request;
  const payload = parseJson(jsonOfForm(request));
  // The signature covers the body alone, so the body and not X-GitHub-Event says what this is.
  const published = field(payload, 'package') ?? field(payload, 'registry_package');
  if (isObject(published)) return readPackage(payload, published, bodyKey(body));
  if (field(payload, 'zen') !== undefined) return 'ping';
  if (isObject(payload) && headers['x-github-event'] !== undefined) return 'ignore';
  throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no webhook of GitHub.');
}

const pushActions: ReadonlySet<unknown> = new Set(['published', 'updated']);
const containerTypes: ReadonlySet<string> = new Set(['CONTAINER', 'DOCKER']);

function readPackage(payload: unknown, published: unknown, contentKey: string): RegistryEvent | IgnoreReason {
  const version = field(published, 'package_version');
  const container = field(version, 'container_metadata');
  const type = field(published, 'package_type');
  // `ecosystem` says docker for npm packages too, and `package_type` says npm for some containers.
  const isContainer = isObject(container) || (typeof type === 'string' && containerTypes.has(type.toUpperCase()));
  if (!isContainer || !pushActions.has(field(payload, 'action'))) return 'ignore';
  const name = field(version, 'version');
  return registryEvent('push', {
    registry: 'ghcr.io',
    repository: repositoryOf(published),
    tag: field(container, 'tag', 'name') ?? name,
    digest: isDigest(name) ? name : field(container, 'manifest', 'digest'),
    mediaType: field(container, 'manifest', 'media_type') ?? mediaTypeOf(field(version, 'manifest')),
    actor: field(payload, 'sender', 'login'),
    at: field(version, 'updated_at'),
    // X-GitHub-Delivery is not signed: an old body could be replayed under a new one.
    ownKey: null,
    contentKey,
    // The version may carry Go's zero time; each push also changes the package's.
    isDated: [version, published].some((each) => readTime(field(each, 'updated_at')) !== null),
  });
}

/** Lower-cased: accounts keep their capitals, repositories of OCI have none. */
function repositoryOf(published: unknown): string | null {
  // `ghcr.io/octo-org/app:1.0`, or `ghcr.io/octo-org/app:` for an untagged manifest. The name alone
  // may be the source repository's.
  const url = field(published, 'package_version', 'package_url');
  const pulled = typeof url === 'string' ? /^[^/]+\/([^:@]+)/.exec(url)?.[1] : undefined;
  if (pulled !== undefined) return pulled.toLowerCase();
  const name = field(published, 'name');
  const owner = field(published, 'namespace') ?? pathOf(field(published, 'registry', 'url'));
  return typeof owner === 'string' && typeof name === 'string' ? `${owner}/${name}`.toLowerCase() : null;
}

function pathOf(url: unknown): string | undefined {
  return typeof url === 'string' ? URL.parse(url)?.pathname.slice(1) : undefined;
}

/** Payloads of 2019 carry the manifest itself, as a text whose first media type is its own. */
function mediaTypeOf(manifest: unknown): unknown {
  if (typeof manifest !== 'string') return undefined;
  return /"mediaType"\s*:\s*"([^"]{1,255})"/.exec(manifest)?.[1];
}
