import { Secret } from '@tidewaiter/domain';

import { harbor } from './harbor.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const resource = { digest, tag: '1.0', resource_url: 'harbor.example.com:8443/shop/team/app:1.0' };
const repository = { name: 'team/app', namespace: 'shop', repo_full_name: 'shop/team/app', repo_type: 'private' };

const plain = (type: string, resources: unknown = [resource]) => ({
  type,
  occur_at: 1767323045,
  operator: 'robot$ci',
  event_data: { resources, repository },
});
const cloudEvent = (type: string) => ({
  specversion: '1.0',
  id: 'c1',
  source: '/projects/2/webhook/policies/15',
  type,
  time: '2026-01-02T03:04:05Z',
  data: { resources: [resource], repository },
  operator: 'robot$ci',
});
const parse = (body: unknown) => harbor.parse({ headers: {}, body: Buffer.from(JSON.stringify(body)) });

const read = {
  registry: 'harbor.example.com:8443',
  repository: 'shop/team/app',
  tag: '1.0',
  digest,
  mediaType: null,
  artifact: 'image',
  attachedTo: null,
  actor: 'robot$ci',
};

describe('harbor', () => {
  it.each([
    ['PUSH_ARTIFACT', 'push'],
    ['pushImage', 'push'],
    ['DELETE_ARTIFACT', 'delete'],
  ])('reads %s of the default format as %s', (type, outcome) => {
    expect(parse(plain(type))).toEqual({
      events: [
        {
          ...read,
          outcome,
          at: '2026-01-02T03:04:05.000Z',
          deliveryKey: expect.stringMatching(/^sha256:\w{64}#0$/),
          identity: 'event',
        },
      ],
      ignored: {},
    });
  });

  it.each([
    ['harbor.artifact.pushed', 'push'],
    ['harbor.artifact.deleted', 'delete'],
  ])('reads the CloudEvent %s as %s', (type, outcome) => {
    expect(parse(cloudEvent(type))).toEqual({
      events: [
        {
          ...read,
          outcome,
          at: '2026-01-02T03:04:05Z',
          deliveryKey: '/projects/2/webhook/policies/15 c1#0',
          identity: 'delivery',
        },
      ],
      ignored: {},
    });
  });

  it.each([
    [plain('PULL_ARTIFACT'), 'pull'],
    [plain('SCANNING_COMPLETED'), 'scan'],
    [cloudEvent('harbor.scan.stopped'), 'scan'],
    [plain('QUOTA_EXCEED'), 'ignore'],
    [cloudEvent('harbor.replication.status.changed'), 'ignore'],
    [plain('PUSH_ARTIFACT', []), 'malformed'],
    [plain('PUSH_ARTIFACT', 'x'), 'malformed'],
  ])('counts %j as %s', (body, reason) => {
    expect(parse(body)).toEqual({ events: [], ignored: { [reason]: 1 } });
  });

  it('takes a digest in the place of the tag for no tag', () => {
    expect(parse(plain('PUSH_ARTIFACT', [{ ...resource, tag: digest }])).events).toMatchObject([{ tag: null, digest }]);
  });

  it('gives each resource its own key and counts the unreadable ones', () => {
    const { events, ignored } = parse(plain('PUSH_ARTIFACT', [resource, null, { ...resource, tag: '1' }]));
    expect(events.map(({ tag }) => tag)).toEqual(['1.0', '1']);
    expect(new Set(events.map(({ deliveryKey }) => deliveryKey)).size).toBe(2);
    expect(ignored).toEqual({ malformed: 1 });
  });

  it('keys a repeated body alike and another body differently', () => {
    const keyOf = (tag: string) => parse(plain('PUSH_ARTIFACT', [{ ...resource, tag }])).events[0]?.deliveryKey;
    expect(keyOf('1')).toBe(keyOf('1'));
    expect(keyOf('1')).not.toBe(keyOf('2'));
  });

  it('falls back to the body where a CloudEvent has no id', () => {
    expect(parse({ ...cloudEvent('harbor.artifact.pushed'), id: undefined }).events[0]?.deliveryKey).toMatch(
      /^sha256:/,
    );
  });

  it.each([-1, 1e300, '1767323045', null])('reads the time %j as none', (occur_at) => {
    expect(parse({ ...plain('PUSH_ARTIFACT'), occur_at }).events).toMatchObject([{ at: null }]);
  });

  it.each([{ text: 'event_type: PUSH_ARTIFACT' }, [], null, { type: 'PUSH_ARTIFACT' }, { type: 1, event_data: {} }])(
    'refuses %j',
    (body) => {
      expect(() => parse(body)).toThrow(expect.objectContaining({ code: 'BODY_UNRECOGNIZED' }));
    },
  );

  it.each(['s3cret', 'Bearer s3cret', `Basic ${Buffer.from('h:s3cret').toString('base64')}`])(
    'authenticates by %j',
    (authorization) => {
      expect(harbor.authenticate({ headers: { authorization }, body: Buffer.alloc(0) }, new Secret('s3cret'))).toBe(
        true,
      );
      expect(harbor.authenticate({ headers: { authorization }, body: Buffer.alloc(0) }, new Secret('other'))).toBe(
        false,
      );
    },
  );
});
