import type { NewPush } from '@tidewaiter/store';

import { eventsOf, type RegistryNotice } from './registry-notice.js';

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

const pushed = (each: NewPush): RegistryNotice => ({
  kind: 'push',
  deliveryKey: 'k',
  identity: 'delivery',
  push: each,
});
const deleted = (tag: string | null): RegistryNotice => ({
  kind: 'deletion',
  deliveryKey: 'k',
  identity: 'delivery',
  deletion: { ...place, tag, digest: null, deletedBy: null, at: null },
});

const arrival = { connection: 'registry/main', receivedAtMs: Date.parse('2026-11-01T10:00:00Z') };

describe('draftsOf', () => {
  it('drafts events for pushes and deletions in the order of the webhook', () => {
    const first = push('1');
    const untagged = push(null);
    const ids = new Map([first, untagged].map((each) => [each, pushId]));
    const drafts = eventsOf({ ...arrival, facts: [deleted('1'), pushed(first), deleted(null), pushed(untagged)] }, ids);
    expect(drafts.map(({ event: { channel }, subject }) => [channel, subject])).toEqual([
      ['tidewaiter.registry.deleted', 'shop/app:1'],
      ['tidewaiter.registry.pushed', 'shop/app:1'],
      ['tidewaiter.registry.deleted', 'shop/app'],
      ['tidewaiter.registry.pushed', 'shop/app'],
    ]);
    const { artifact, attachedTo, pushedBy, pushedAt } = first;
    const announced = { artifact, attachedTo, pushedBy, pushedAt, origin: 'hook' };
    const hook = { connection: 'registry/main', deliveryKey: 'k' };
    expect(drafts[0]?.data).toEqual({ ...place, tag: '1', digest: null, deletedBy: null, at: null, hook });
    expect(drafts[1]?.data).toEqual({ pushId, ...place, tag: '1', digest, announced, hook });
  });

  it('rejects a push that has no row', () => {
    expect(() => eventsOf({ ...arrival, facts: [pushed(push('1'))] }, new Map())).toThrow();
  });
});
