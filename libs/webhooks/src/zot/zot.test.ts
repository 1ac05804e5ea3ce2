import { InvalidInput } from '@tidewaiter/domain';

import { zot } from './zot.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const data = {
  name: 'shop/app',
  reference: '1.0',
  digest,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  actor: { name: 'ci' },
};
const parse = (type: string, body: object = data) =>
  zot.parse({
    headers: { 'ce-type': type, 'ce-source': 'zot', 'ce-id': 'c1', 'ce-time': '2026-01-02T03:04:05.123456789Z' },
    body: Buffer.from(JSON.stringify(body)),
  });

describe('zot', () => {
  it('reads an event whose type and id stand in headers', () => {
    expect(parse('zotregistry.image.updated').events).toMatchObject([
      {
        outcome: 'push',
        registry: null,
        repository: 'shop/app',
        tag: '1.0',
        digest,
        actor: 'ci',
        at: '2026-01-02T03:04:05.123456789Z',
        deliveryKey: 'zot c1',
      },
    ]);
  });

  it.each([
    ['zotregistry.image.updated', { ...data, reference: digest }, { events: [{ tag: null, digest }] }],
    ['zotregistry.image.deleted', data, { events: [{ outcome: 'delete' }] }],
    ['zotregistry.image.scanned', data, { events: [], ignored: { scan: 1 } }],
    ['zotregistry.image.lint_failed', data, { events: [], ignored: { ignore: 1 } }],
    ['zotregistry.repository.created', {}, { events: [], ignored: { ignore: 1 } }],
  ])('reads %s', (type, body, expected) => {
    expect(parse(type, body)).toMatchObject(expected);
  });

  it('refuses a request without a type', () => {
    expect(() => zot.parse({ headers: {}, body: Buffer.from('{}') })).toThrow(InvalidInput);
  });
});
