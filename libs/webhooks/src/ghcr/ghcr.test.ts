import { createHmac } from 'node:crypto';

import { Secret } from '@tidewaiter/domain';

import { ghcr } from './ghcr.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const manifest = 'application/vnd.oci.image.index.v1+json';

// In the shape of GitHub's documented payloads, cut to what is read; the values are our own.
const version = {
  version: digest,
  updated_at: '0001-01-01T00:00:00Z',
  container_metadata: { tag: { name: '1.0', digest }, manifest: { digest, media_type: manifest } },
  package_url: 'ghcr.io/Octo-Org/App:1.0',
};
const published = {
  name: 'App',
  updated_at: '2026-01-02T03:04:05Z',
  namespace: 'Octo-Org',
  package_type: 'CONTAINER',
  package_version: version,
};
const payload = { action: 'published', package: published, sender: { login: 'octocat' } };
const headers = { 'x-github-event': 'package', 'x-github-delivery': 'd-1', 'content-type': 'application/json' };

const parse = (body: unknown, extra: Record<string, string | undefined> = {}) =>
  ghcr.parse({ headers: { ...headers, ...extra }, body: Buffer.from(JSON.stringify(body)) });
const withVersion = (change: object, rest: object = {}) => ({
  ...payload,
  package: { ...published, ...rest, package_version: { ...version, ...change } },
});

const read = {
  outcome: 'push',
  registry: 'ghcr.io',
  repository: 'octo-org/app',
  tag: '1.0',
  digest,
  mediaType: manifest,
  artifact: 'image',
  attachedTo: null,
  actor: 'octocat',
  at: null,
  deliveryKey: expect.stringMatching(/^sha256:\w{64}$/),
  identity: 'event',
};

it('reads a published container under either event name', () => {
  expect(parse(payload)).toEqual({ events: [read], ignored: {} });
  expect(parse({ ...payload, package: undefined, registry_package: published })).toEqual({
    events: [read],
    ignored: {},
  });
});

it('reads a form, which GitHub sends by default', () => {
  const body = Buffer.from(new URLSearchParams({ payload: JSON.stringify(payload) }).toString());
  expect(ghcr.parse({ headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body })).toEqual({
    events: [read],
    ignored: {},
  });
});

it.each([
  [
    'an untagged platform manifest',
    withVersion({ container_metadata: { tag: { name: '' }, manifest: { digest } } }),
    { tag: null, digest },
  ],
  [
    'a masked digest',
    withVersion({ version: '1.0', container_metadata: { manifest: { digest: 'sha256:6c62fb' } } }),
    { tag: '1.0', digest: null },
  ],
  ['no package_url', withVersion({ package_url: undefined }), { repository: 'octo-org/app' }],
  [
    'a payload of 2019',
    withVersion(
      {
        version: '1.2',
        container_metadata: undefined,
        package_url: undefined,
        manifest: '{\n "schemaVersion": 2,\n "mediaType": "x/y"}',
      },
      { namespace: undefined, registry: { url: 'https://ghcr.io/Octo-Org/Shop' } },
    ),
    { repository: 'octo-org/shop/app', tag: '1.2', digest: null, mediaType: 'x/y' },
  ],
])('reads %s', (_, body, expected) => {
  expect(parse(body).events).toMatchObject([expected]);
});

it.each([
  ['ping', { zen: 'Design for failure.', hook_id: 1 }],
  ['ignore', { ref: 'refs/heads/main', commits: [] }],
  ['ignore', { ...payload, action: 'deleted' }],
  ['ignore', withVersion({ container_metadata: undefined }, { package_type: 'npm', ecosystem: 'docker' })],
  ['malformed', withVersion({ version: '', container_metadata: {} })],
  ['malformed', withVersion({ package_url: 'ghcr.io/../../etc' })],
])('counts as %s %j', (reason, body) => {
  expect(parse(body)).toEqual({ events: [], ignored: { [reason]: 1 } });
});

it('reads the signed body, not the unsigned event header', () => {
  expect(parse(payload, { 'x-github-event': 'ping' }).events).toHaveLength(1);
});

it('keys a delivery by its signed body, not by the unsigned delivery id', () => {
  const [first, replayed] = ['d-1', 'd-2'].map((id) => parse(payload, { 'x-github-delivery': id }));
  expect(replayed).toEqual(first);
});

it('has no lasting key for a body without time', () => {
  expect(parse(withVersion({}, { updated_at: undefined })).events).toMatchObject([{ identity: 'content' }]);
});

it.each(['[]', '{}', 'null'])('refuses %s without headers of GitHub', (body) => {
  expect(() => ghcr.parse({ headers: {}, body: Buffer.from(body) })).toThrow(
    expect.objectContaining({ code: 'BODY_UNRECOGNIZED' }),
  );
});

describe('authenticate', () => {
  const body = Buffer.from('{ "zen":1 }');
  const secret = new Secret("It's a Secret");
  const sign = (algorithm: string) => createHmac(algorithm, secret.reveal()).update(body).digest('hex');
  const withHeaders = (signature: Record<string, string>) => ({ headers: signature, body });

  it('takes the SHA-256 signature of the raw body', () => {
    expect(ghcr.authenticate(withHeaders({ 'x-hub-signature-256': `sha256=${sign('sha256')}` }), secret)).toBe(true);
  });

  it.each([
    {},
    { 'x-hub-signature-256': '' },
    { 'x-hub-signature-256': 'sha256=' },
    { 'x-hub-signature-256': sign('sha256') },
    { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` },
    { 'x-hub-signature': `sha1=${sign('sha1')}` },
    { authorization: "Bearer It's a Secret" },
  ])('refuses %j', (signature) => {
    expect(ghcr.authenticate(withHeaders(signature as Record<string, string>), secret)).toBe(false);
  });
});
