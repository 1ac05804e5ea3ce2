import { Secret } from '@tidewaiter/domain';

import { distribution } from './distribution.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const manifest = 'application/vnd.oci.image.manifest.v1+json';

// In the shape that registry 2.8.3 sends; the values are our own.
const push = {
  id: 'e1',
  timestamp: '2026-01-02T03:04:05.123456789Z',
  action: 'push',
  target: {
    mediaType: manifest,
    size: 345,
    digest,
    repository: 'shop/app',
    url: `http://inner:5000/v2/shop/app/manifests/${digest}`,
    tag: '1.0',
  },
  request: { id: 'r1', host: 'registry.example.com', method: 'PUT' },
  actor: { name: 'ci', user: 'a.jwt.token' },
};

const parse = (...events: unknown[]) =>
  distribution.parse({ headers: {}, body: Buffer.from(JSON.stringify({ events })) });
const withTarget = (target: object, rest: object = {}) => ({ ...push, ...rest, target: { ...push.target, ...target } });

const layer = {
  mediaType: 'application/octet-stream',
  tag: undefined,
  url: `http://inner:5000/v2/shop/app/blobs/${digest}`,
};

describe('distribution', () => {
  it('reads a push', () => {
    expect(parse(push)).toEqual({
      events: [
        {
          outcome: 'push',
          registry: 'registry.example.com',
          repository: 'shop/app',
          tag: '1.0',
          digest,
          mediaType: manifest,
          artifact: 'image',
          attachedTo: null,
          actor: 'ci',
          at: '2026-01-02T03:04:05.123456789Z',
          deliveryKey: 'e1',
          identity: 'delivery',
        },
      ],
      ignored: {},
    });
  });

  it.each([
    ['pull of a manifest', { ...push, action: 'pull' }, 'pull'],
    ['pull of a layer', withTarget(layer, { action: 'pull' }), 'blob'],
    ['push of a layer', withTarget(layer), 'blob'],
    [
      'push of a layer with the path of a manifest',
      withTarget({
        ...layer,
        mediaType: 'application/vnd.docker.container.image.rootfs.diff+x-gtar',
        url: push.target.url,
      }),
      'blob',
    ],
    ['push of a layer without its URL', withTarget({ ...layer, url: undefined }), 'blob'],
    ['mount of a layer', withTarget(layer, { action: 'mount' }), 'blob'],
    ['an action of tomorrow', { ...push, action: 'seal' }, 'ignore'],
    ['push of nothing', withTarget({ tag: undefined, digest: 'sha256:short' }), 'malformed'],
    ['upper-case repository', withTarget({ repository: 'Shop/app' }), 'malformed'],
    ['path as repository', withTarget({ repository: '../../etc' }), 'malformed'],
    ['endless repository', withTarget({ repository: 'a'.repeat(256) }), 'malformed'],
    ['deletion of an unreadable tag', withTarget({ tag: 'a b', digest: undefined }, { action: 'delete' }), 'malformed'],
    ['no object', 'push', 'malformed'],
    ['no action', { ...push, action: 7 }, 'malformed'],
  ])('counts %s', (_, event, reason) => {
    expect(parse(event)).toEqual({ events: [], ignored: { [reason]: 1 } });
  });

  it.each([
    ['of a type of tomorrow, by its tag', { mediaType: 'application/vnd.oci.image.manifest.v2+json', url: undefined }],
    ['of a type of tomorrow, by its URL', { mediaType: 'application/vnd.oci.image.manifest.v2+json', tag: undefined }],
    ['without a media type', { mediaType: undefined }],
  ])('reads the push of a manifest %s', (_, target) => {
    expect(parse(withTarget(target)).events).toMatchObject([{ outcome: 'push', repository: 'shop/app', digest }]);
  });

  it('parses the other events beside a malformed one', () => {
    const parsed = parse(null, push, withTarget({ repository: '' }), { ...push, id: 'e2' });
    expect(parsed.events.map(({ deliveryKey }) => deliveryKey)).toEqual(['e1', 'e2']);
    expect(parsed.ignored).toEqual({ malformed: 2 });
  });

  it.each([
    ['tag', { tag: '1.0', digest: undefined }, '1.0', null],
    ['digest', { tag: undefined }, null, digest],
    ['repository', { tag: undefined, digest: undefined }, null, null],
  ])('reads the deletion of a %s', (_, target, tag, deleted) => {
    const [event] = parse(withTarget({ mediaType: undefined, ...target }, { action: 'delete' })).events;
    expect(event).toMatchObject({ outcome: 'delete', repository: 'shop/app', tag, digest: deleted, mediaType: null });
  });

  it.each([
    [`sha256-${'cd'.repeat(32)}.sig`, 'signature'],
    [`sha256-${'cd'.repeat(32)}.att`, 'attestation'],
    [`sha256-${'cd'.repeat(32)}.sbom`, 'sbom'],
    [`sha256-${'cd'.repeat(32)}`, 'referrers-index'],
  ])('attaches %s to its subject', (tag, artifact) => {
    expect(parse(withTarget({ tag })).events).toMatchObject([
      { tag, artifact, attachedTo: `sha256:${'cd'.repeat(32)}` },
    ]);
  });

  it.each([`sha256-${'cd'.repeat(31)}.sig`, `sha256-${'cd'.repeat(32)}.sig2`, `sha512-${'cd'.repeat(32)}.sig`])(
    'takes %s for an image',
    (tag) => {
      expect(parse(withTarget({ tag })).events).toMatchObject([{ artifact: 'image', attachedTo: null }]);
    },
  );

  it('takes the host of the URL where the request has none, and no host that is none', () => {
    expect(parse({ ...push, request: {} }).events).toMatchObject([{ registry: 'inner:5000' }]);
    expect(parse({ ...push, request: { host: 'evil/../x' } }).events).toMatchObject([{ registry: null }]);
  });

  it('keys events without an id by body and place, and hostile ids by their hash', () => {
    const parseTwo = () => parse({ ...push, id: undefined }, { ...push, id: '' }, { ...push, id: 'e\0' });
    const keys = parseTwo().events.map(({ deliveryKey }) => deliveryKey);
    expect(keys).toEqual([
      expect.stringMatching(/^sha256:\w{64}#0$/),
      expect.stringMatching(/#1$/),
      expect.stringMatching(/^sha256:\w{64}$/),
    ]);
    expect(parseTwo().events.map(({ deliveryKey }) => deliveryKey)).toEqual(keys);
  });

  it('reads an empty envelope as nothing', () => {
    expect(parse()).toEqual({ events: [], ignored: {} });
  });

  it.each(['{}', '[]', '{"events":{}}', 'null', '"events"'])('refuses %s as BODY_UNRECOGNIZED', (body) => {
    expect(() => distribution.parse({ headers: {}, body: Buffer.from(body) })).toThrow(
      expect.objectContaining({ code: 'BODY_UNRECOGNIZED' }),
    );
  });

  it('authenticates by the Authorization header', () => {
    const request = (authorization: string) => ({ headers: { authorization }, body: Buffer.alloc(0) });
    expect(distribution.authenticate(request('Bearer s3cret'), new Secret('s3cret'))).toBe(true);
    expect(distribution.authenticate(request('Bearer other'), new Secret('s3cret'))).toBe(false);
  });
});
