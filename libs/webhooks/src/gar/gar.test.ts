import { gar } from './gar.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const notice = {
  action: 'INSERT',
  digest: `eu.example.com/project/images/app.api@${digest}`,
  tag: 'eu.example.com/project/images/app.api:1.0',
};
const encoded = (data: unknown) =>
  Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)).toString('base64');
const pushed = (data: unknown) => ({
  message: { data: encoded(data), messageId: 'm1', publishTime: '2026-01-02T03:04:05.345Z' },
});
const parse = (body: unknown, headers = {}) => gar.parse({ headers, body: Buffer.from(JSON.stringify(body)) });
const read = {
  outcome: 'push',
  registry: 'eu.example.com',
  repository: 'project/images/app.api',
  tag: '1.0',
  digest,
  at: '2026-01-02T03:04:05.345Z',
  deliveryKey: 'm1',
};

describe('gar', () => {
  it('reads a message of Pub/Sub, and one that the subscription unwrapped', () => {
    expect(parse(pushed(notice)).events).toMatchObject([read]);
    const headers = { 'x-goog-pubsub-message-id': 'm1', 'x-goog-pubsub-publish-time': '2026-01-02T03:04:05.345Z' };
    expect(parse(notice, headers).events).toMatchObject([read]);
  });

  it.each([
    [
      { action: 'INSERT', tag: 'localhost:5000/app:1.0' },
      { registry: 'localhost:5000', repository: 'app', tag: '1.0' },
    ],
    [
      { action: 'INSERT', digest: notice.digest },
      { tag: null, digest },
    ],
    [
      { action: 'DELETE', tag: notice.tag },
      { outcome: 'delete', tag: '1.0', digest: null },
    ],
  ])('reads %j', (data, expected) => {
    expect(parse(pushed(data)).events).toMatchObject([expected]);
  });

  it.each([['no JSON'], [{ action: 'UPDATE' }], [[1]]])('counts %j, which is no notice of the registry', (data) => {
    expect(parse(pushed(data))).toEqual({ events: [], ignored: { ignore: 1 } });
  });

  it('counts a notice that names nothing', () => {
    expect(parse(pushed({ action: 'INSERT', tag: 'app' })).ignored).toEqual({ malformed: 1 });
  });
});
