import type { JsonObject } from '@tidewaiter/domain';

import { deletionEvent, KnownObjects } from './known-objects.js';
import type { WatchedResource } from './resources.js';

const resource: WatchedResource = { name: 'pods', path: '/api/v1/pods', apiVersion: 'v1', kind: 'Pod' };
const pod = (uid: string, resourceVersion = '1'): JsonObject => ({
  metadata: { uid, name: 'web-0', namespace: 'shop', resourceVersion, labels: { a: 'b' }, annotations: { long: 'x' } },
  spec: { nodeName: 'n1', containers: [{ env: [{ name: 'PASSWORD', value: 'hunter2' }] }] },
});

describe('KnownObjects', () => {
  it('recognizes the states that it has noted', () => {
    const known = new KnownObjects(resource);
    expect(known.has(pod('a'))).toBe(false);
    known.note('ADDED', pod('a'));
    expect(known.has(pod('a'))).toBe(true);
    expect(known.has(pod('a', '2'))).toBe(false);
    known.note('DELETED', pod('a', '2'));
    expect(known.size).toBe(0);
  });

  it('names the objects that a list lacks, also after a restart', () => {
    const before = new KnownObjects(resource);
    for (const uid of ['a', 'b']) before.note('ADDED', pod(uid));
    const known = new KnownObjects(resource);
    const place = { resourceVersion: '3', resyncDueMs: 4 };
    expect(known.restore(JSON.parse(JSON.stringify(before.toSnapshot(place))))).toEqual(place);
    expect(known.missing(new Set(['a']))).toMatchObject([{ uid: 'b', place: 'shop/web-0' }]);
  });

  it.each([null, {}, [], { resourceVersion: '1', objects: [['a']] }])('begins anew with the snapshot %j', (value) => {
    expect(new KnownObjects(resource).restore(value)).toBeNull();
  });

  it('ignores an object without an identity', () => {
    expect(new KnownObjects(resource).note('ADDED', { kind: 'Status' })).toBe(false);
  });
});

describe('deletionEvent', () => {
  const known = new KnownObjects(resource);
  known.note('ADDED', pod('a'));
  const [gone] = known.missing(new Set());
  const now = '2026-01-02T00:00:00.000Z';

  it('has owners and place of the object, and none of its values', () => {
    const event = deletionEvent(gone!, undefined, now);
    expect(JSON.parse(event)).toEqual({
      type: 'DELETED',
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          ...{ name: 'web-0', namespace: 'shop', uid: 'a', resourceVersion: '1', labels: { a: 'b' } },
          deletionTimestamp: now,
        },
        spec: { nodeName: 'n1' },
      },
    });
    expect(event.endsWith('\n')).toBe(true);
  });

  it('is no later than the object that took its name', () => {
    expect(deletionEvent(gone!, '2026-01-01T00:00:00Z', now)).toContain('"deletionTimestamp":"2026-01-01T00:00:00Z"');
  });
});
