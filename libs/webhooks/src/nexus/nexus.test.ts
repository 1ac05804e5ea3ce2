import { createHmac } from 'node:crypto';

import { InvalidInput, Secret } from '@tidewaiter/domain';

import { nexus } from './nexus.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const component = { format: 'docker', name: 'shop/app', version: '1.0' };
const payload = {
  timestamp: '2026-01-02T03:04:05.219+0000',
  initiator: 'ci/192.0.2.7',
  repositoryName: 'docker-hosted',
  action: 'CREATED',
};
const parse = (more: object) => {
  const body = Buffer.from(JSON.stringify({ ...payload, ...more }));
  return nexus.parse({ headers: { 'x-nexus-webhook-delivery': 'd1' }, body });
};

describe('nexus', () => {
  it('reads a component', () => {
    expect(parse({ component }).events).toMatchObject([
      {
        outcome: 'push',
        registry: null,
        repository: 'shop/app',
        tag: '1.0',
        digest: null,
        at: '2026-01-02T03:04:05.219Z',
        deliveryKey: expect.stringMatching(/^sha256:\w{64}$/),
        identity: 'event',
      },
    ]);
  });

  const asset = (name: string) => ({ asset: { format: 'docker', name } });

  it.each([
    [asset('v2/shop/app/manifests/1.0'), { events: [{ outcome: 'push', tag: '1.0', digest: null }] }],
    [asset(`v2/shop/app/manifests/${digest}`), { events: [{ outcome: 'push', tag: null, digest }] }],
    [asset(`v2/-/blobs/${digest}`), { events: [], ignored: { blob: 1 } }],
    [{ component, action: 'UPDATED' }, { events: [{ outcome: 'push' }] }],
    [{ component, action: 'DELETED' }, { events: [{ outcome: 'delete' }] }],
    [{ component: { ...component, format: 'maven2' } }, { events: [], ignored: { ignore: 1 } }],
    [
      { components: ['c1', 'c2'], action: 'PURGED' },
      { events: [], ignored: { ignore: 1 } },
    ],
  ])('reads %j', (more, expected) => {
    expect(parse(more)).toMatchObject(expected);
  });

  it('refuses what is no webhook of Nexus', () => {
    expect(() => nexus.parse({ headers: {}, body: Buffer.from('{}') })).toThrow(InvalidInput);
  });

  it('takes its signature of SHA-1, and none that is missing', () => {
    const body = Buffer.from('{}');
    const signature = createHmac('sha1', 's3cret').update(body).digest('hex');
    const isKnown = (headers: Record<string, string>) => nexus.authenticate({ headers, body }, new Secret('s3cret'));
    expect(isKnown({ 'x-nexus-webhook-signature': signature })).toBe(true);
    expect(isKnown({ 'x-nexus-webhook-signature': `${signature}00` })).toBe(false);
    expect(isKnown({})).toBe(false);
  });
});
