import { priorities, type RuntimeContainer, type RuntimeEvent } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { type Sighting, severityOf, sightingOf } from './sighting.js';

const digest = `sha256:${'a'.repeat(64)}`;
const other = `sha256:${'b'.repeat(64)}`;

const checkout: RuntimeContainer = {
  id: '3f9c1a2b4d5e',
  name: 'checkout',
  imageRepository: 'localhost:5000/payments/checkout',
  imageTag: '1.4.0',
  imageDigest: null,
};

const shell: RuntimeEvent = {
  id: 'e1',
  source: 'falco',
  sensor: 'falco-eu1',
  cluster: 'eu1',
  at: '2026-11-25T10:42:07.123456789Z',
  rule: 'Terminal shell in container',
  priority: 'warning',
  output: 'A shell was spawned',
  tags: ['T1059'],
  host: 'worker-1',
  container: checkout,
  kubernetes: { namespace: 'payments', pod: 'checkout-7d4b9' },
  process: null,
};

const seen = (event: Partial<RuntimeEvent>, image: { digest: string } | null = null): Sighting =>
  sightingOf({ ...shell, ...event }, image)!;

it('says everything that an incident starts with', () => {
  expect(sightingOf(shell, { digest })).toEqual({
    rule: 'Terminal shell in container',
    subjectKey: JSON.stringify(['image', 'localhost:5000/payments/checkout', '1.4.0', 'payments', 'eu1']),
    title: 'Terminal shell in container: localhost:5000/payments/checkout:1.4.0 in namespace payments',
    severity: 'medium',
    imageRepository: 'localhost:5000/payments/checkout',
    imageTag: '1.4.0',
    imageDigest: digest,
    namespace: 'payments',
    cluster: 'eu1',
    event: shell,
  });
});

it('judges by the priority, from warning upwards', () => {
  expect(priorities.map((priority) => [priority, severityOf(priority)])).toEqual([
    ['emergency', 'critical'],
    ['alert', 'critical'],
    ['critical', 'critical'],
    ['error', 'high'],
    ['warning', 'medium'],
    ['notice', null],
    ['informational', null],
    ['debug', null],
  ]);
  expect(sightingOf({ ...shell, priority: 'notice' }, { digest })).toBeNull();
});

it.each<[string, Partial<RuntimeEvent>, { digest: string } | null, unknown[]]>([
  [
    'the name of an image that we do not know',
    {},
    null,
    ['image', 'localhost:5000/payments/checkout', '1.4.0', 'payments', 'eu1'],
  ],
  [
    'the name also of an image that we know by its tag, which the next push moves',
    {},
    { digest },
    ['image', 'localhost:5000/payments/checkout', '1.4.0', 'payments', 'eu1'],
  ],
  [
    'the digest of an image that we do not know',
    { container: { ...checkout, imageDigest: other } },
    null,
    ['image', other, 'payments', 'eu1'],
  ],
  [
    'the container without an image',
    { container: { ...checkout, imageRepository: null, imageTag: null } },
    null,
    ['container', '3f9c1a2b4d5e', 'payments', 'eu1'],
  ],
  ['the pod of an audit event', { container: null }, null, ['pod', 'checkout-7d4b9', 'payments', 'eu1']],
  ['the host', { container: null, kubernetes: null }, null, ['host', 'worker-1', null, 'eu1']],
  [
    'nothing at all',
    { container: null, kubernetes: null, host: null, cluster: null },
    null,
    ['host', null, null, null],
  ],
])('is about %s', (_what, event, image, key) => {
  expect(JSON.parse(seen(event, image).subjectKey)).toEqual(key);
});

it('says that an image is not known, whatever the sensor says of its digest', () => {
  expect(seen({ container: { ...checkout, imageDigest: other } }).imageDigest).toBeNull();
});

it('keeps the incident when a digest becomes known', () => {
  const container = { ...checkout, imageDigest: digest };
  expect(seen({ container }, { digest }).subjectKey).toBe(seen({ container }).subjectKey);
});

it('tells namespaces and clusters apart, and hosts from images of the same name', () => {
  const keys = [
    seen({}),
    seen({ cluster: 'payments', kubernetes: { namespace: 'eu1', pod: null } }),
    seen({ kubernetes: { namespace: '","', pod: null } }),
    seen({ container: null, host: 'localhost:5000/payments/checkout' }),
  ].map(({ subjectKey }) => subjectKey);
  expect(new Set(keys).size).toBe(keys.length);
});

it.each<[string, Partial<RuntimeEvent>, string]>([
  ['a pod', { container: null }, 'Terminal shell in container: pod checkout-7d4b9 in namespace payments'],
  ['a host', { container: null, kubernetes: null }, 'Terminal shell in container: host worker-1'],
  [
    'no host',
    { container: null, kubernetes: null, host: null },
    'Terminal shell in container: a host that is not named',
  ],
  [
    'an image without a tag',
    { container: { ...checkout, imageRepository: 'alpine', imageTag: null } },
    'Terminal shell in container: docker.io/library/alpine in namespace payments',
  ],
  [
    'a digest alone',
    { container: { ...checkout, imageRepository: null, imageTag: null, imageDigest: digest } },
    'Terminal shell in container: image sha256:aaaaaaaaaaaa in namespace payments',
  ],
  [
    'a container alone',
    { container: { ...checkout, imageRepository: null, imageTag: null } },
    'Terminal shell in container: container 3f9c1a2b4d5e of an unknown image in namespace payments',
  ],
  [
    'a container that nobody names',
    { container: { id: null, name: null, imageRepository: null, imageTag: null, imageDigest: null }, kubernetes: null },
    'Terminal shell in container: a container of an unknown image',
  ],
  [
    'hostile text',
    { rule: ' Shell\u202e\r\n\u001b[31m \u200bred\u0000 ', container: null, host: 'a\u2028b', kubernetes: null },
    'Shell [31m red: host a b',
  ],
])('has a title for %s', (_what, event, title) => {
  expect(seen(event).title).toBe(title);
});

it('bounds title and key, and still tells long names apart', () => {
  const long = '\u{1f6a2}'.repeat(256);
  const container = { ...checkout, imageRepository: `localhost/${long}`, imageTag: long };
  const one = seen({ rule: long, container });
  expect(one.title.length).toBeLessThanOrEqual(120 + 2 + 160 + ' in namespace payments'.length);
  expect(one.title).toMatch(/…: localhost\/.*… in namespace payments$/u);
  expect(one.title.isWellFormed()).toBe(true);
  expect(one.subjectKey).toMatch(/^\["sha256","[0-9a-f]{64}"\]$/);
  expect(seen({ rule: long, container: { ...container, imageTag: `${long}2` } }).subjectKey).not.toBe(one.subjectKey);
});

it('shows no control and no direction mark, and fits the index, whatever the sensor sends', () => {
  const text = fc.string({ unit: 'binary', maxLength: 512 });
  fc.assert(
    fc.property(text, text, text, text, (rule, imageRepository, imageTag, namespace) => {
      const event = {
        rule,
        container: { ...checkout, imageRepository, imageTag },
        kubernetes: { namespace, pod: null },
      };
      const { title, subjectKey } = seen(event);
      expect(title).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
      expect(title.length).toBeLessThanOrEqual(400);
      expect(Buffer.byteLength(subjectKey)).toBeLessThanOrEqual(1024);
    }),
  );
});
