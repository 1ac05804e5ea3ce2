import { readEvent } from './envelope.js';

const good = {
  specversion: '1.0',
  id: '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a11',
  source: '/tidewaiter/ingest',
  type: 'dev.tidewaiter.registry.pushed.v1',
  subject: 'shop/app:1',
  time: '2026-11-25T01:02:03.004Z',
  datacontenttype: 'application/json',
  data: {
    pushId: '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12',
    connection: 'main',
    repository: 'shop/app',
    tag: '1',
    digest: `sha256:${'a'.repeat(64)}`,
  },
};

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('readEvent', () => {
  it('parses a valid event', () => {
    expect(readEvent(bytes(good))).toEqual(good);
  });

  it('drops fields that a newer producer added', () => {
    const grown = { ...good, data: { ...good.data, somethingNew: 1 } };
    expect(readEvent(bytes(grown)).data).toEqual(good.data);
  });

  it.each([
    ['not JSON', new TextEncoder().encode('{'), 'EVENT_MALFORMED'],
    ['not UTF-8', new Uint8Array([0xff, 0xfe]), 'EVENT_MALFORMED'],
    ['no envelope', bytes({ hello: 1 }), 'EVENT_MALFORMED'],
    ['unknown type', bytes({ ...good, type: 'dev.tidewaiter.cat.petted.v1' }), 'EVENT_UNKNOWN'],
    ['wrong data', bytes({ ...good, data: { ...good.data, digest: 'sha256:short' } }), 'EVENT_MALFORMED'],
  ])('rejects %s', (_, message, code) => {
    expect(() => readEvent(message)).toThrow(expect.objectContaining({ code, retryable: false }));
  });
});
