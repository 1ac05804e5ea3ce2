import { InvalidInput, isDigest } from '@tidewaiter/domain';

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
    'A second webhook for what users upload, copy or move as files: *Artifact* → *Artifact was deployed*, *deleted*, *moved*, *copied*, *cached*; include pattern `**/*manifest.json`.',
  ],
  note: 'The repository is named with its key, as it is pulled: `docker-local/shop/app`.',
};

/**
 * JFrog Artifactory's webhooks of the domain `docker`, and those of the domain `artifact` that are
 * about a manifest: uploaded, copied or moved as a file, it can be pulled as well. One header
 * carries either the secret itself or a signature made with it, depending on a check box.
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

type Outcomes = ReadonlyMap<unknown, RegistryEvent['outcome']>;

const ofTag: Outcomes = new Map([
  ['pushed', 'push'],
  ['promoted', 'push'],
  ['deleted', 'delete'],
]);
const ofFile: Outcomes = new Map([
  ['deployed', 'push'],
  ['cached', 'push'],
  ['copied', 'push'],
  ['moved', 'push'],
  ['deleted', 'delete'],
]);
/** Files of a manifest and of an index, below the folder of their tag. */
const manifestFile = /\/(?:list\.)?manifest\.json$/;

function readEvent(payload: unknown, contentKey: string): RegistryEvent | IgnoreReason {
  const domain = field(payload, 'domain');
  const outcomes = domain === 'artifact' ? ofFile : ofTag;
  const outcome = outcomes.get(field(payload, 'event_type'));
  if ((domain !== 'artifact' && domain !== 'docker') || outcome === undefined) return 'ignore';
  const data = field(payload, 'data');
  const path = pathOf(data);
  if (domain === 'artifact' && path !== null && !manifestFile.test(path)) return 'ignore';
  const folders = path?.split('/').slice(0, -1);
  const tag = field(data, 'tag') ?? folders?.at(-1);
  const sha256 = field(data, 'sha256');
  return registryEvent(outcome, {
    registry: hostOf(field(payload, 'jpd_origin')),
    repository: folders?.slice(0, -1).join('/') ?? null,
    // A manifest that was pushed without a tag is in a folder named after its digest.
    tag: typeof tag === 'string' && isDigest(tag.replace('__', ':')) ? undefined : tag,
    // Digest of the manifest file, without `sha256:`.
    digest: typeof sha256 === 'string' ? `sha256:${sha256}` : undefined,
    actor: field(payload, 'source'),
    at: undefined,
    ownKey: null,
    contentKey,
  });
}

/**
 * Path with the key of the repository: `shop/app/1.0/manifest.json` in `docker-local` is pulled as
 * `docker-local/shop/app`; `image_name` may be its last part only. A copy is where it went.
 */
function pathOf(data: unknown): string | null {
  const target = field(data, 'target_repo_path');
  if (typeof target === 'string') return target;
  const key = field(data, 'repo_key');
  const path = field(data, 'path');
  return typeof key === 'string' && typeof path === 'string' ? `${key}/${path}` : null;
}

function hostOf(origin: unknown): string | null {
  return typeof origin === 'string' ? (URL.parse(origin)?.host ?? null) : null;
}
