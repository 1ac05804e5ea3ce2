import { auditRecorded, catalog, runtimeObserved } from '@tidewaiter/events';

import { eventTypes, isFollowed, topicsOf } from './topics.js';

describe('topicsOf', () => {
  it('knows every event that the stream sends', () => {
    const sent = catalog
      .filter((event) => event !== runtimeObserved && event !== auditRecorded)
      .map(({ type }) => type.replace('dev.tidewaiter.', '').replace(/\.v\d+$/, ''));
    expect(eventTypes.toSorted()).toEqual(sent.toSorted());
  });

  it('takes every topic as stale after a reset, and none after an unknown event', () => {
    expect(topicsOf('reset')).toEqual(expect.arrayContaining(['incidents', 'pushes', 'deliveries']));
    expect(topicsOf('constructor')).toEqual([]);
  });
});

describe('isFollowed', () => {
  it('names topics that some event makes stale', () => {
    expect(topicsOf('reset').filter(isFollowed)).toHaveLength(6);
    expect(isFollowed('silences')).toBe(false);
  });
});
