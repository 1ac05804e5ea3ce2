import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject } from '@tidewaiter/domain';

import { cri } from './cri.js';

const connection = {
  sensor: 'nodes',
  cluster: 'eu1',
  receivedAt: '2026-01-02T03:04:06Z',
  fingerprintKey: Buffer.alloc(32),
};
const listed = JSON.parse(readFileSync(join(__dirname, 'fixtures/event.json'), 'utf8')) as { containers: JsonObject[] };
const config = `sha256:${'6b'.repeat(32)}`;
const digest = `sha256:${'5a'.repeat(32)}`;

const read = (body: object) => cri.read(Buffer.from(JSON.stringify(body)), connection);
const see = (body: object) => read(body).records.map(cri.observe);

describe('cri', () => {
  it('reads the containers of a node', () => {
    const [container] = listed.containers;
    expect(read({ ...listed, containers: [container, { id: 'other' }, 7] })).toMatchObject({
      records: [
        { node: 'node-1', at: '2026-01-02T03:04:05.123456789Z', event: { container } },
        { id: 'container/other/null', at: connection.receivedAt },
      ],
      ignored: { malformed: 1 },
    });
    expect(see(listed)).toMatchObject([
      {
        activity: 'container',
        container: {
          id: container?.['id'],
          name: 'checkout',
          imageRepository: 'registry.example.com/shop/checkout',
          imageTag: '1.4.0',
          imageDigest: config,
        },
        pod: { namespace: 'shop', name: 'checkout-7c9d8f6b5d-x2x8k', uid: '5b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b' },
      },
    ]);
  });

  it('reads its images: what they are called, and the digest of each manifest', () => {
    const image = { id: config, repoTags: ['shop/app:1', 'shop/app:2'], repoDigests: [`shop/app@${digest}`] };
    expect(see({ images: [image] })).toMatchObject([
      { container: { imageRepository: 'shop/app', imageTag: '1', imageDigest: digest }, native: { image } },
    ]);
    const id = (each: object) => read({ images: [each] }).records[0]?.id;
    expect(id(image)).toBe(id({ ...image, pinned: true }));
    expect(id(image)).not.toBe(id({ ...image, repoTags: ['shop/app:1'] }));
  });

  it.each([
    ['/tasks/start', { container_id: 'c0ffee', pid: 7 }, { id: 'c0ffee', imageRepository: null }],
    [
      '/containers/create',
      { id: 'c0ffee', image: 'shop/app:1' },
      { id: 'c0ffee', imageRepository: 'shop/app', imageTag: '1' },
    ],
    ['/images/create', { name: 'shop/app:1' }, { id: null, imageRepository: 'shop/app', imageTag: '1' }],
    ['/namespaces/create', { name: 'x' }, null],
  ])('reads an event of containerd: %s', (topic, event, container) => {
    const [observation] = see({ timestamp: '2026-01-02T03:04:05.123456789Z', namespace: 'k8s.io', topic, event });
    expect(observation?.at).toBe('2026-01-02T03:04:05.123456789Z');
    if (container === null) expect(observation?.container).toBeNull();
    else expect(observation?.container).toMatchObject(container);
  });

  it('keeps nothing of a node that has nothing', () => {
    expect(read({ containers: [], images: [] })).toEqual({ records: [], ignored: { empty: 1 }, dropped: 0 });
  });
});
