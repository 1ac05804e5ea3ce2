import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { InvalidInput, Secret } from '@tidewaiter/domain';
import { describeWith, sharedData } from '@tidewaiter/testkit';
import { type HookRequest, registryKind, type RegistryKind, registryKinds } from '@tidewaiter/webhooks';

import { isFromServiceAccount, isFromTopic } from '../http/sender-proofs.js';

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

const noKeys = { get: async () => Promise.reject(new Error('keys requested')) };

const shared = sharedData('fixtures/webhooks');
const webhooks = shared.path;

describeWith(shared)('the shared webhooks', () => {
  const readJson = (path: string): unknown => JSON.parse(readFileSync(join(webhooks, path), 'utf8'));
  const folderFiles = (folder: string) =>
    existsSync(join(webhooks, folder)) ? readdirSync(join(webhooks, folder)) : [];
  const { files: expectations } = readJson('EXPECTED.json') as { files: Record<string, Expected> };
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

  /**
   * Two samples of documentation have a masked digest and no tag: the pushed or deleted manifest is
   * unknown.
   */
  function isNamed({ tag, digest: claimed }: Expected['events'][number]): boolean {
    return tag !== null || claimed !== null;
  }

  /**
   * Proven as the connection would ask for it: by signature where the fixture has one, else by its
   * secret, else not at all.
   */
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
