import type { Priority } from '@tidewaiter/domain';
import { anyCharacter, observation, type ObservationSketch } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { containerSubject, sensorTitle, subjectKey } from './sensor-subject.js';

const other = `sha256:${'b'.repeat(64)}`;

const checkout = {
  id: '3f9c1a2b4d5e',
  name: 'checkout',
  imageRepository: 'localhost:5000/payments/checkout',
  imageTag: '1.4.0',
};

const alertOf = (rule: string) => ({
  rule,
  priority: 'warning' as Priority,
  output: 'A shell was spawned',
  tags: ['T1059'],
});

const nowhere = { image: null, imageDigest: null, namespace: null };

const seen = (sketch: ObservationSketch = {}) =>
  observation({
    source: 'falco',
    activity: 'alert',
    alert: alertOf('Terminal shell in container'),
    node: 'worker-1',
    container: checkout,
    pod: { namespace: 'payments', name: 'checkout-7d4b9' },
    ...sketch,
  });

describe('sensorTitle and subjectKey', () => {
  it('name the rule and the subject', () => {
    expect(sensorTitle(seen(), nowhere)).toBe(
      'Terminal shell in container: localhost:5000/payments/checkout:1.4.0 in namespace payments',
    );
  });

  it.each<[string, ObservationSketch, unknown[]]>([
    [
      'the name of an image, by which its incidents stay together',
      {},
      ['image', 'localhost:5000/payments/checkout', '1.4.0', 'payments', 'eu1'],
    ],
    ['the digest of an image', { container: { ...checkout, imageDigest: other } }, ['image', other, 'payments', 'eu1']],
    [
      'the container without an image',
      { container: { ...checkout, imageRepository: null, imageTag: null } },
      ['container', '3f9c1a2b4d5e', 'payments', 'eu1'],
    ],
    ['the pod of an audit event', { container: null }, ['pod', 'checkout-7d4b9', 'payments', 'eu1']],
    ['the host', { container: null, pod: null }, ['host', 'worker-1', null, 'eu1']],
    ['nothing at all', { container: null, pod: null, node: null, cluster: null }, ['host', null, null, null]],
  ])('have %s as subject', (_what, sketch, key) => {
    expect(JSON.parse(subjectKey(seen(sketch)))).toEqual(['Terminal shell in container', ...key]);
  });

  it('distinguish rules, namespaces, clusters, and hosts from images of the same name', () => {
    const keys = [
      seen(),
      seen({ alert: alertOf('Another rule') }),
      seen({ cluster: 'payments', pod: { namespace: 'eu1' } }),
      seen({ pod: { namespace: '","' } }),
      seen({ container: null, pod: null, node: 'localhost:5000/payments/checkout' }),
    ].map(subjectKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each<[string, ObservationSketch, string]>([
    ['a pod', { container: null }, 'Terminal shell in container: pod checkout-7d4b9 in namespace payments'],
    ['a host', { container: null, pod: null }, 'Terminal shell in container: host worker-1'],
    ['no host', { container: null, pod: null, node: null }, 'Terminal shell in container: a host that is not named'],
    [
      'an image without a tag',
      { container: { ...checkout, imageRepository: 'alpine', imageTag: null } },
      'Terminal shell in container: docker.io/library/alpine in namespace payments',
    ],
    [
      'a digest alone',
      { container: { ...checkout, imageRepository: null, imageTag: null, imageDigest: other } },
      'Terminal shell in container: image sha256:bbbbbbbbbbbb in namespace payments',
    ],
    [
      'a container alone',
      { container: { ...checkout, imageRepository: null, imageTag: null } },
      'Terminal shell in container: container 3f9c1a2b4d5e of an unknown image in namespace payments',
    ],
    [
      'a container without any name',
      { container: {}, pod: null },
      'Terminal shell in container: a container of an unknown image',
    ],
    [
      'hostile text',
      { alert: alertOf(' Shell\u202e\r\n\u001b[31m \u200bred\u0000 '), container: null, node: 'a\u2028b', pod: null },
      'Shell [31m red: host a b',
    ],
  ])('give %s a title', (_what, sketch, title) => {
    expect(sensorTitle(seen(sketch), nowhere)).toBe(title);
  });

  it('use the known image and namespace where the sensor sent none', () => {
    const bare = seen({ container: { id: '8f4ae1a7a49c' }, pod: null });
    expect(sensorTitle(bare, { image: 'shop/app:1', imageDigest: other, namespace: 'shop' })).toBe(
      'Terminal shell in container: shop/app:1 in namespace shop',
    );
    expect(sensorTitle(bare, { image: null, imageDigest: other, namespace: 'shop' })).toBe(
      'Terminal shell in container: image sha256:bbbbbbbbbbbb in namespace shop',
    );
    expect(sensorTitle(seen(), { image: 'other/name', imageDigest: null, namespace: 'x' })).toContain(
      'checkout:1.4.0 in namespace payments',
    );
  });

  it('take a truncated and a full id as one container', () => {
    const id = '8f4ae1a7a49c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6';
    const subjects = [
      id,
      id.slice(0, 12),
      id.slice(0, 31),
      `containerd://${id}`,
      `docker://${id}`,
      `cri-o://${id}`,
    ].map((each) => containerSubject(seen({ container: { id: each } })));
    expect(new Set(subjects)).toEqual(new Set(['["container","8f4ae1a7a49c"]']));
  });

  it('bound title and key and still distinguish long names', () => {
    const long = '\u{1f6a2}'.repeat(256);
    const container = { ...checkout, imageRepository: `localhost/${long}`, imageTag: long };
    const one = seen({ alert: alertOf(long), container });
    expect(sensorTitle(one, nowhere).length).toBeLessThanOrEqual(120 + 2 + 160 + ' in namespace payments'.length);
    expect(sensorTitle(one, nowhere)).toMatch(/…: localhost\/.*… in namespace payments$/u);
    expect(sensorTitle(one, nowhere).isWellFormed()).toBe(true);
    expect(subjectKey(one)).toMatch(/^\["sha256","[0-9a-f]{64}"\]$/);
    expect(subjectKey(seen({ alert: alertOf(long), container: { ...container, imageTag: `${long}2` } }))).not.toBe(
      subjectKey(one),
    );
  });

  it('contain no control or direction characters and fit an index, whatever the sensor sends', () => {
    const text = fc.string({ unit: anyCharacter, maxLength: 512 });
    fc.assert(
      fc.property(text, text, text, text, (rule, imageRepository, imageTag, namespace) => {
        const one = seen({
          alert: alertOf(rule),
          container: { ...checkout, imageRepository, imageTag },
          pod: { namespace },
        });
        expect(sensorTitle(one, nowhere)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
        expect(sensorTitle(one, nowhere).length).toBeLessThanOrEqual(400);
        expect(Buffer.byteLength(subjectKey(one))).toBeLessThanOrEqual(1024);
      }),
    );
  });
});
