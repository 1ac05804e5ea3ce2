import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { env } from 'node:process';

import { InvalidInput, isDigest, Secret } from '@tidewaiter/domain';
import { registryKindWords } from '@tidewaiter/runtime';
import { hostileJson, replaceValue } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import type { HookRequest } from '../http/hook-request.js';
import { isFromServiceAccount, isFromTopic } from '../registry/sender-proofs.js';
import type { RegistryKind } from './registry-kind.js';
import { registryKind, registryKinds } from './registry-kinds.js';
import { registryPage, registryTable } from './registry-pages.js';

const root = resolve(__dirname, '../../../..');

describe('the list', () => {
  const folders = readdirSync(__dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  it.each(folders)('has the folder %s, with a test', (folder) => {
    expect(registryKind(folder)).toBeDefined();
    expect(existsSync(join(__dirname, folder, `${folder}.test.ts`))).toBe(true);
  });

  it('has one folder for each kind and each name once', () => {
    expect(registryKinds).toHaveLength(folders.length);
    const names = registryKinds.flatMap(({ kind, aliases }) => [kind, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(registryKinds)('documents $kind in docs/registries', (registry) => {
    expect(readFileSync(join(root, `docs/registries/${registry.kind}.md`), 'utf8')).toBe(registryPage(registry));
  });

  it('has a table of all kinds, and the settings know the same words', () => {
    expect(readFileSync(join(root, 'docs/registries/README.md'), 'utf8')).toBe(registryTable(registryKinds));
    expect([...registryKindWords].toSorted()).toEqual(
      registryKinds.flatMap(({ kind, aliases }) => [kind, ...aliases]).toSorted(),
    );
  });

  it('knows no other name', () => {
    expect(registryKind('constructor')).toBeUndefined();
  });
});

const digest = `sha256:${'ab'.repeat(32)}`;
const envelope = {
  events: [
    {
      id: 'e',
      action: 'push',
      timestamp: '2026-01-02T03:04:05Z',
      target: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository: 'a/b', tag: '1' },
    },
  ],
};
const sampleHeaders = { 'ce-type': 'zotregistry.image.updated' };
const samples: Record<string, object> = {
  distribution: envelope,
  gitlab: envelope,
  dockerhub: { push_data: { tag: '1', pushed_at: 1767323045 }, repository: { repo_name: 'a/b' } },
  quay: { repository: 'a/b', docker_url: 'quay.example/a/b', updated_tags: ['1'] },
  ecr: {
    source: 'aws.ecr',
    'detail-type': 'ECR Image Action',
    detail: {
      result: 'SUCCESS',
      'action-type': 'PUSH',
      'repository-name': 'a/b',
      'image-tag': '1',
      'image-digest': digest,
    },
  },
  gar: { action: 'INSERT', digest: `h.example/a/b@${digest}`, tag: 'h.example/a/b:1' },
  acr: { id: 'i', action: 'push', target: { repository: 'a/b', tag: '1', digest } },
  jfrog: {
    domain: 'docker',
    event_type: 'pushed',
    data: { repo_key: 'a', path: 'b/1/manifest.json', tag: '1', sha256: digest.slice('sha256:'.length) },
  },
  nexus: { action: 'CREATED', repositoryName: 'r', component: { format: 'docker', name: 'a/b', version: '1' } },
  gitea: { action: 'created', package: { type: 'container', name: 'b', owner: { login: 'a' }, version: '1' } },
  zot: { name: 'a/b', reference: '1', digest },
  'aliyun-acr': { push_data: { tag: '1', digest }, repository: { repo_full_name: 'a/b', region: 'cn-x' } },
  generic: { type: 'container.image.push', data: { repository: 'a/b', tag: '1', digest } },
  harbor: {
    type: 'PUSH_ARTIFACT',
    occur_at: 1767323045,
    event_data: { resources: [{ digest, tag: '1', resource_url: 'h/a/b:1' }], repository: { repo_full_name: 'a/b' } },
  },
  ghcr: {
    action: 'published',
    package: {
      name: 'b',
      namespace: 'a',
      package_type: 'CONTAINER',
      package_version: {
        version: digest,
        package_url: 'ghcr.io/a/b:1',
        manifest: '{}',
        container_metadata: { tag: { name: '1' }, manifest: { digest } },
      },
    },
  },
};

describe.each(registryKinds)('any body for $kind', (registry) => {
  const { kind } = registry;
  const check = (body: Buffer) => {
    try {
      for (const event of registry.parse({ headers: sampleHeaders, body }).events) {
        expect(event.repository).toMatch(/^[a-z0-9][a-z0-9._/-]{0,254}$/i);
        expect(event.digest === null || isDigest(event.digest)).toBe(true);
        expect(event.deliveryKey).toMatch(/^[\x20-\x7e]{1,220}$/);
        expect(JSON.stringify(event)).not.toMatch(/\\u0000|\\ud[89a-f]/);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInput);
    }
    expect(({} as { polluted?: true }).polluted).toBeUndefined();
  };

  it('is read from the unchanged sample', () => {
    const body = Buffer.from(JSON.stringify(samples[kind]));
    const { events } = registry.parse({ headers: sampleHeaders, body });
    // Not all of them say what they pushed.
    const claimed = ['dockerhub', 'quay', 'nexus', 'gitea'].includes(kind) ? null : digest;
    expect(events).toMatchObject([{ repository: 'a/b', tag: '1', digest: claimed }]);
  });

  it('is read or refused, with one value replaced', () => {
    fc.assert(
      fc.property(fc.nat(25), hostileJson, (nth, by) => check(Buffer.from(replaceValue(samples[kind] ?? {}, nth, by)))),
      { numRuns: 400 },
    );
  });

  it('is read or refused, whatever its bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => check(Buffer.from(bytes)),
      ),
    );
  });
});

interface Fixture {
  note?: string;
  authMode?: string;
  method?: string;
  expectedResponse?: { status: number; headers?: object; body?: object };
  headers?: Record<string, string>;
  body: unknown;
  rawBody?: string;
  secret?: string;
}

interface Expected {
  request: 'accept' | 'reject' | 'handshake' | 'hmac-only';
  events: { outcome: string; [field: string]: unknown }[];
}

const noKeys = { get: async () => Promise.reject(new Error('nobody asks for keys')) };

const webhooks = join(env['TIDEWAITER_SHARED'] ?? resolve(root, '../shared'), 'fixtures/webhooks');

(existsSync(webhooks) ? describe : describe.skip)('the shared webhooks (needs TIDEWAITER_SHARED)', () => {
  const readJson = (path: string): unknown => JSON.parse(readFileSync(join(webhooks, path), 'utf8'));
  const folderFiles = (folder: string) =>
    existsSync(join(webhooks, folder)) ? readdirSync(join(webhooks, folder)) : [];
  const expectations = existsSync(webhooks)
    ? (readJson('EXPECTED.json') as { files: Record<string, Expected> }).files
    : {};
  const names = registryKinds.flatMap(({ kind, aliases }) => [kind, ...aliases]);
  const files = names.flatMap((name) =>
    folderFiles(name)
      .map((file) => `${name}/${file}`)
      .filter((path) => expectations[path] !== undefined),
  );

  it('are all there', () => {
    expect(files.toSorted()).toEqual(Object.keys(expectations).toSorted());
  });

  it.each(files)('%s', async (path) => {
    const kind = registryKind(path.split('/', 1)[0] ?? '')!;
    const expected = expectations[path]!;
    const fixture = readJson(path) as Fixture;
    const request = requestOf(fixture);
    const known = await isKnown(kind, request, fixture);
    if (expected.request === 'reject') {
      expect(known ? () => kind.parse(request) : refuse).toThrow(InvalidInput);
      return;
    }
    expect(known).toBe(true);
    if (expected.request === 'hmac-only') return;
    const answer = kind.handshake?.(request) ?? null;
    if (expected.request === 'handshake') {
      const { headers = {}, body = null } = fixture.expectedResponse ?? {};
      expect(answer).toEqual({ headers, body });
      return;
    }
    expect(answer).toBeNull();
    const parsed = kind.parse(request);
    expect(parsed.events).toMatchObject(
      expected.events.filter((event) => isEvent(event) && isNamed(event)).map(eventOf),
    );
    expect(parsed.ignored).toEqual(reasonsOf(expected));
  });

  /** Two samples of documentation have a masked digest and no tag: nobody can tell what was pushed or deleted. */
  function isNamed({ tag, digest: claimed }: Expected['events'][number]): boolean {
    return tag !== null || claimed !== null;
  }

  /** Proven as the connection would ask for it: by signature where the fixture has one, else by its secret, else not at all. */
  async function isKnown(
    kind: RegistryKind,
    request: HookRequest,
    { secret, note, authMode }: Fixture,
  ): Promise<boolean> {
    if (request.headers['x-amz-sns-message-type'] !== undefined && !request.headers['x-amz-sns-rawdelivery']) {
      const certificate = readFileSync(join(webhooks, 'ecr/sns-test-signing-cert.pem'), 'utf8');
      const sns = { topicArn: 'arn:aws:sns:us-west-2:123456789012:ecr-events', certificate };
      return isFromTopic(request, sns, noKeys);
    }
    if (request.headers['authorization']?.startsWith('Bearer ey')) {
      const keys = readFileSync(join(webhooks, 'gar/oidc-test-jwks.json'), 'utf8');
      const serviceAccount = 'gar-push@sample-project.iam.gserviceaccount.com';
      const google = { audience: 'https://ingest.example.com/hooks/gar', serviceAccount, keys };
      return isFromServiceAccount(request, google, noKeys);
    }
    const isOpen = !secret || `${note} ${authMode}`.includes('no secret configured');
    return isOpen || kind.authenticate(request, new Secret(secret));
  }

  function refuse(): never {
    throw new InvalidInput('UNAUTHENTICATED', 'The signature is wrong.');
  }

  function requestOf({ headers = {}, body, rawBody }: Fixture): HookRequest {
    const lowerCased = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    const text = rawBody ?? (typeof body === 'string' ? body : body === null ? '' : JSON.stringify(body));
    return { headers: Object.fromEntries(lowerCased) as Record<string, string>, body: Buffer.from(text) };
  }

  function isEvent({ outcome }: { outcome: string }): boolean {
    return outcome === 'push' || outcome.startsWith('delete');
  }

  function eventOf({
    outcome,
    eventId,
    note: _note,
    nexusRepository: _repository,
    ...fields
  }: Expected['events'][number]) {
    return {
      artifact: 'image',
      attachedTo: null,
      ...fields,
      outcome: outcome === 'push' ? 'push' : 'delete',
      ...(eventId === undefined ? {} : { deliveryKey: eventId }),
    };
  }

  function reasonsOf({ events }: Expected): Record<string, number> {
    const reasons: Record<string, number> = {};
    for (const event of events.filter((each) => !isEvent(each) || !isNamed(each))) {
      const { outcome } = event;
      const other = outcome === 'ignore-blob' ? 'blob' : outcome;
      const reason = isEvent(event) ? 'malformed' : other;
      reasons[reason] = (reasons[reason] ?? 0) + 1;
    }
    return reasons;
  }
});
