import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { env } from 'node:process';

import { InvalidInput, isDigest, Secret } from '@tidewaiter/domain';
import { hostileJson, replaceValue } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import type { HookRequest } from '../hook-request.js';
import { registryKind, registryKinds } from './registry-kinds.js';

const root = resolve(__dirname, '../../../..');

describe('the list', () => {
  const folders = readdirSync(__dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const page = readFileSync(join(root, 'docs/sources.md'), 'utf8');

  it.each(folders)('has the folder %s, with a test', (folder) => {
    expect(registryKind(folder)).toBeDefined();
    expect(existsSync(join(__dirname, folder, `${folder}.test.ts`))).toBe(true);
  });

  it('has one folder for each kind and each name once', () => {
    expect(registryKinds).toHaveLength(folders.length);
    const names = registryKinds.flatMap(({ kind, aliases }) => [kind, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(registryKinds)('documents $kind in docs/sources.md', ({ kind, title }) => {
    expect(page).toContain(`| \`${kind}\` | ${title} |`);
    expect(page).toMatch(new RegExp(`^## .*\`${kind}\``, 'm'));
  });

  it('knows no other name', () => {
    expect(registryKind('constructor')).toBeUndefined();
  });
});

const digest = `sha256:${'ab'.repeat(32)}`;
const samples: Record<string, object> = {
  distribution: {
    events: [
      {
        id: 'e',
        action: 'push',
        timestamp: '2026-01-02T03:04:05Z',
        target: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository: 'a/b', tag: '1' },
      },
    ],
  },
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
      for (const event of registry.parse({ headers: {}, body }).events) {
        expect(event.repository).toMatch(/^[a-z0-9][a-z0-9._/-]{0,254}$/);
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
    expect(registry.parse({ headers: {}, body: Buffer.from(JSON.stringify(samples[kind])) }).events).toMatchObject([
      { repository: 'a/b', tag: '1', digest },
    ]);
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
  headers?: Record<string, string>;
  body: unknown;
  rawBody?: string;
  secret?: string;
}

interface Expected {
  request: 'accept' | 'reject' | 'hmac-only';
  events: { outcome: string; [field: string]: unknown }[];
}

const webhooks = join(env['TIDEWAITER_SHARED'] ?? resolve(root, '../shared'), 'fixtures/webhooks');

(existsSync(webhooks) ? describe : describe.skip)('the shared webhooks (needs TIDEWAITER_SHARED)', () => {
  const readJson = (path: string): unknown => JSON.parse(readFileSync(join(webhooks, path), 'utf8'));
  const folderFiles = (folder: string) =>
    existsSync(join(webhooks, folder)) ? readdirSync(join(webhooks, folder)) : [];
  const files = registryKinds.flatMap(({ kind }) => folderFiles(kind).map((file) => `${kind}/${file}`));
  const expectations = existsSync(webhooks)
    ? (readJson('EXPECTED.json') as { files: Record<string, Expected> }).files
    : {};

  it('are all there', () => {
    expect(files).toHaveLength(136);
  });

  it.each(files)('%s', (path) => {
    const kind = registryKind(path.split('/', 1)[0] ?? '');
    const expected = expectations[path];
    if (kind === undefined || expected === undefined) throw new Error(`nothing is expected of ${path}`);
    const fixture = readJson(path) as Fixture;
    const request = requestOf(fixture);
    const known = fixture.secret === undefined || kind.authenticate(request, new Secret(fixture.secret));
    if (expected.request === 'reject') {
      expect(known ? () => kind.parse(request) : refuse).toThrow(InvalidInput);
      return;
    }
    expect(known).toBe(true);
    if (expected.request === 'hmac-only') return;
    const parsed = kind.parse(request);
    expect(parsed.events).toMatchObject(expected.events.filter(isEvent).map(eventOf));
    expect(parsed.ignored).toEqual(reasonsOf(expected));
  });

  function refuse(): never {
    throw new InvalidInput('UNAUTHENTICATED', 'The signature is wrong.');
  }

  function requestOf({ headers = {}, body, rawBody }: Fixture): HookRequest {
    const lowerCased = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    const text = rawBody ?? (typeof body === 'string' ? body : JSON.stringify(body));
    return { headers: Object.fromEntries(lowerCased) as Record<string, string>, body: Buffer.from(text) };
  }

  function isEvent({ outcome }: { outcome: string }): boolean {
    return outcome === 'push' || outcome.startsWith('delete');
  }

  function eventOf({ outcome, eventId, note: _note, ...fields }: Expected['events'][number]) {
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
    for (const { outcome } of events.filter((event) => !isEvent(event))) {
      const reason = outcome === 'ignore-blob' ? 'blob' : outcome;
      reasons[reason] = (reasons[reason] ?? 0) + 1;
    }
    return reasons;
  }
});
