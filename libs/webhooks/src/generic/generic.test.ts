import { createHmac } from 'node:crypto';

import { InvalidInput, Secret } from '@tidewaiter/domain';

import { generic } from './generic.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const request = (body: unknown) => ({ headers: {}, body: Buffer.from(JSON.stringify(body)) });

describe('generic', () => {
  it('does not identify a signed body by headers, which its signature leaves out', () => {
    const body = Buffer.from(JSON.stringify({ repository: 'shop/app', tag: '1.0', digest }));
    const keyOf = (id: string, more: Record<string, string> = {}) => {
      const headers = { 'ce-type': 'container.image.push', 'ce-source': 's', 'ce-id': id, ...more };
      return generic.parse({ headers, body }).events[0]?.deliveryKey;
    };
    const signed = { 'x-hub-signature-256': 'sha256=00' };
    expect(keyOf('c1', signed)).toBe(keyOf('c2', signed));
    expect(keyOf('c1')).not.toBe(keyOf('c2'));
  });

  it('takes a number as an id', () => {
    const fields = { repository: 'name', tag: 'label', id: 'number' };
    const hook = request({ name: 'shop/app', label: '1.0', number: 42 });
    expect(generic.parse(hook, { fields }).events).toMatchObject([{ deliveryKey: '42', identity: 'delivery' }]);
  });

  it('reads CloudEvents where nothing is configured', () => {
    const event = {
      specversion: '1.0',
      id: 'c1',
      source: 'https://registry.example.com',
      type: 'container.image.push',
      time: '2026-01-02T03:04:05Z',
      data: { repository: 'shop/app', tag: '1.0', digest, registryUrl: 'registry.example.com' },
    };
    expect(generic.parse(request(event)).events).toMatchObject([
      {
        outcome: 'push',
        registry: 'registry.example.com',
        repository: 'shop/app',
        tag: '1.0',
        digest,
        at: '2026-01-02T03:04:05Z',
        deliveryKey: 'https://registry.example.com c1',
      },
    ]);
    expect(generic.parse(request({ ...event, type: 'container.image.scan' }))).toEqual({
      events: [],
      ignored: { ignore: 1 },
    });
  });

  it('reads the configured paths', () => {
    const fields = {
      events: 'items',
      action: 'what',
      push: ['uploaded'],
      delete: ['gone'],
      repository: 'image.path',
      tag: 'image.label',
      id: 'number',
    };
    const item = (what: string, number: string) => ({ what, number, image: { path: 'shop/app', label: '1.0' } });
    const body = { items: [item('uploaded', 'n1'), item('gone', 'n2'), item('seen', 'n3'), { what: 'uploaded' }] };
    expect(generic.parse(request(body), { fields })).toMatchObject({
      events: [
        { outcome: 'push', repository: 'shop/app', tag: '1.0', deliveryKey: 'n1' },
        { outcome: 'delete', deliveryKey: 'n2' },
      ],
      ignored: { ignore: 1, malformed: 1 },
    });
  });

  it('reads every event as a push without a configured action', () => {
    const { events } = generic.parse(request({ name: 'shop/app', tag: '1' }), {
      fields: { repository: 'name', tag: 'tag' },
    });
    expect(events).toMatchObject([{ outcome: 'push', repository: 'shop/app', tag: '1' }]);
  });

  it('refuses what is no object, and follows no path to a prototype', () => {
    expect(() => generic.parse(request([1]))).toThrow(InvalidInput);
    expect(generic.parse(request({}), { fields: { repository: 'constructor.name' } }).events).toEqual([]);
  });

  it('accepts the secret in the usual headers, and a signature', () => {
    const secret = new Secret('s3cret');
    const body = Buffer.from('{}');
    const signature = createHmac('sha256', 's3cret').update(body).digest('hex');
    const isKnown = (headers: Record<string, string>) => generic.authenticate({ headers, body }, secret);
    expect(isKnown({ authorization: 'Bearer s3cret' })).toBe(true);
    expect(isKnown({ 'x-webhook-secret': 's3cret' })).toBe(true);
    expect(isKnown({ 'x-hub-signature-256': `sha256=${signature}` })).toBe(true);
    expect(isKnown({ 'x-hub-signature-256': 'sha256=' })).toBe(false);
  });
});
