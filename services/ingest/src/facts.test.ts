import type { RuntimeEvent } from '@tidewaiter/domain';
import type { NewPush } from '@tidewaiter/store';

import { draftsOf, type Fact } from './facts.js';

const digest = `sha256:${'a'.repeat(64)}` as const;
const pushId = '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12';
const place = { connection: 'main', repository: 'shop/app' };

const push = (tag: string | null): NewPush => ({
  ...place,
  tag,
  claimedDigest: digest,
  artifact: 'image',
  attachedTo: null,
  pushedBy: null,
  pushedAt: null,
});

const event = (id: string, output = ''): RuntimeEvent => ({
  id,
  source: 'falco',
  sensor: 'falco-eu1',
  cluster: null,
  at: '2026-01-02T03:04:05.123456789Z',
  rule: 'Shell in a container',
  priority: 'warning',
  output,
  tags: [],
  host: null,
  container: null,
  kubernetes: null,
  process: null,
});

const pushed = (each: NewPush): Fact => ({ kind: 'push', deliveryKey: 'k', push: each });
const deleted = (tag: string | null): Fact => ({
  kind: 'deletion',
  deliveryKey: 'k',
  deletion: { ...place, tag, digest: null, deletedBy: null, at: null },
});
const seen = (id: string, output?: string): Fact => ({ kind: 'runtime', deliveryKey: id, event: event(id, output) });

it('tells of pushes and deletions in the order of the webhook', () => {
  const first = push('1');
  const untagged = push(null);
  const ids = new Map([first, untagged].map((each) => [each, pushId]));
  const drafts = draftsOf([deleted('1'), pushed(first), deleted(null), pushed(untagged)], ids);
  expect(drafts.map(({ event: { channel }, subject }) => [channel, subject])).toEqual([
    ['tidewaiter.registry.deleted', 'shop/app:1'],
    ['tidewaiter.registry.pushed', 'shop/app:1'],
    ['tidewaiter.registry.deleted', 'shop/app'],
    ['tidewaiter.registry.pushed', 'shop/app'],
  ]);
  expect(drafts[1]?.data).toEqual({ pushId, ...place, tag: '1', digest });
});

it('refuses to tell of a push that has no row', () => {
  expect(() => draftsOf([pushed(push('1'))], new Map())).toThrow();
});

it('puts what a sensor saw into one event', () => {
  const drafts = draftsOf([seen('a'), seen('b')], new Map());
  expect(drafts).toMatchObject([
    { subject: 'falco-eu1', data: { sensor: 'falco-eu1', events: [{ id: 'a' }, { id: 'b' }] } },
  ]);
});

it('splits what does not fit into a message of 256 KiB, and loses nothing', () => {
  // Six bytes each in JSON, so counting characters would be far off.
  const facts = Array.from({ length: 40 }, (_, index) => seen(`e${index}`, '\u0001'.repeat(8_192)));
  const drafts = draftsOf(facts, new Map());
  const sizes = drafts.map(({ data }) => Buffer.byteLength(JSON.stringify(data)));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(255 * 1024);
  expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(190 * 1024);
  const told = drafts.flatMap(({ data }) => (data as { events: RuntimeEvent[] }).events.map(({ id }) => id));
  expect(told).toEqual(facts.map(({ deliveryKey }) => deliveryKey));
});
