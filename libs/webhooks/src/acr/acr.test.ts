import { InvalidInput, Secret } from '@tidewaiter/domain';

import { acr } from './acr.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const mediaType = 'application/vnd.oci.image.manifest.v1+json';
const native = {
  id: 'n1',
  timestamp: '2026-01-02T03:04:05.123456789Z',
  action: 'push',
  target: { mediaType, digest, repository: 'shop/app', tag: '1.0' },
  request: { host: 'shop.example.com' },
};
const cloudEvent = { id: 'c1', source: '/registries/shop', specversion: '1.0', type: 'ImagePushed', data: native };
const request = (body: unknown, headers: Record<string, string> = {}) => ({
  headers,
  body: body === null ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body)),
});
const parse = (body: unknown) => acr.parse(request(body));

describe('acr', () => {
  it.each([
    ['its own webhook', native, 'n1'],
    ['a CloudEvent', cloudEvent, '/registries/shop c1'],
    ['an event of Event Grid, in a list', [{ id: 'g1', eventType: 'ImagePushed', data: native }], 'g1'],
  ])('reads %s', (_what, body, deliveryKey) => {
    expect(parse(body).events).toMatchObject([
      {
        outcome: 'push',
        registry: 'shop.example.com',
        repository: 'shop/app',
        tag: '1.0',
        digest,
        mediaType,
        at: '2026-01-02T03:04:05.123456789Z',
        deliveryKey,
      },
    ]);
  });

  it('reads every event of a batch, and stops at none', () => {
    const deletion = { ...native, action: 'delete', target: { repository: 'shop/app', digest } };
    expect(parse([cloudEvent, { ...cloudEvent, data: deletion }, { specversion: '1.0' }, { action: 7 }])).toMatchObject(
      {
        events: [{ outcome: 'push' }, { outcome: 'delete', tag: null, digest }],
        ignored: { ignore: 1, malformed: 1 },
      },
    );
  });

  it.each([
    [{ ...native, action: 'ping' }, { ping: 1 }],
    [{ ...native, action: 'chart_push' }, { ignore: 1 }],
  ])('counts what is about no image', (body, ignored) => {
    expect(parse(body)).toEqual({ events: [], ignored });
  });

  it('refuses what is no event', () => {
    expect(() => parse([1])).toThrow(InvalidInput);
  });

  it('answers both handshakes of Event Grid, and mistakes no event for one', () => {
    const validation = [{ data: { validationCode: 'c0de', validationUrl: 'https://elsewhere.example.com' } }];
    expect(acr.handshake?.(request(validation, { 'aeg-event-type': 'SubscriptionValidation' }))).toEqual({
      headers: {},
      body: { validationResponse: 'c0de' },
    });
    expect(acr.handshake?.(request(null, { 'webhook-request-origin': 'grid.example.com' }))).toEqual({
      headers: { 'WebHook-Allowed-Origin': 'grid.example.com', 'WebHook-Allowed-Rate': '*' },
      body: null,
    });
    expect(acr.handshake?.(request(cloudEvent, { 'webhook-request-origin': 'grid.example.com' }))).toBeNull();
    expect(acr.handshake?.(request(null))).toBeNull();
  });

  it('finds the secret in a header or in the URL', () => {
    const secret = new Secret('s3cret');
    expect(acr.authenticate(request(native, { authorization: 's3cret' }), secret)).toBe(true);
    expect(acr.authenticate({ ...request(native), query: { token: 's3cret' } }, secret)).toBe(true);
    expect(acr.authenticate(request(native), secret)).toBe(false);
  });
});
