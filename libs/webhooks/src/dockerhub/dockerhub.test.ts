import { InvalidInput, Secret } from '@tidewaiter/domain';

import { dockerHub } from './dockerhub.js';

const payload = {
  callback_url: 'https://hub.example.com/u/shop/app/hook/2141b5/',
  push_data: { pushed_at: 1767323045, pusher: 'ci', tag: '1.0' },
  repository: { repo_name: 'shop/app', name: 'app', namespace: 'shop' },
};
const parse = (body: unknown) => dockerHub.parse({ headers: {}, body: Buffer.from(JSON.stringify(body)) });

describe('dockerHub', () => {
  it('reads a push, which has no digest', () => {
    expect(parse(payload).events).toMatchObject([
      {
        outcome: 'push',
        registry: 'docker.io',
        repository: 'shop/app',
        tag: '1.0',
        digest: null,
        actor: 'ci',
        at: '2026-01-02T03:04:05.000Z',
      },
    ]);
  });

  it('takes the same body for the same delivery, and another push of the same tag for another one', () => {
    const keyOf = (body: typeof payload) => parse(body).events[0]?.deliveryKey;
    const later = { ...payload, push_data: { ...payload.push_data, pushed_at: 1767323046 } };
    expect(keyOf(payload)).toBe(keyOf(structuredClone(payload)));
    expect(keyOf(later)).not.toBe(keyOf(payload));
  });

  it('refuses what is no webhook of Docker Hub', () => {
    expect(() => parse({ events: [] })).toThrow(InvalidInput);
  });

  it.each([
    [{ token: 's3cret' }, true],
    [{ token: 'other' }, false],
    [{}, false],
  ])('finds the secret in the URL: %j', (query, isKnown) => {
    expect(dockerHub.authenticate({ headers: {}, body: Buffer.alloc(0), query }, new Secret('s3cret'))).toBe(isKnown);
  });
});
