import { watchedLists } from '@tidewaiter/domain';
import { auditRecorded, catalog, runtimeObserved } from '@tidewaiter/events';

import { eventTypes, isFollowed, listChanged, topicsOf } from './topics.js';

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

  it('takes the list of a change as stale, if it is one', () => {
    expect(topicsOf(listChanged, 'silences')).toEqual(['silences']);
    expect(topicsOf(listChanged, 'users')).toEqual([]);
  });
});

describe('isFollowed', () => {
  it('names topics that some event makes stale', () => {
    const followed = topicsOf('reset').filter((topic) => isFollowed(topic, false));
    expect(followed).toEqual(expect.arrayContaining(['incidents', ...watchedLists]));
    expect(isFollowed('status', false)).toBe(false);
  });

  it('leaves lists to polling for limited users, who get no changes of them', () => {
    expect(isFollowed('silences', true)).toBe(false);
    expect(isFollowed('incidents', true)).toBe(true);
  });
});
