import type { TidewaiterSettings } from '@tidewaiter/runtime';
import type { ChannelHealth, SensorHealth } from '@tidewaiter/store';

import { endingSoon, healthLines } from './summary-notes.js';

type Exception = TidewaiterSettings['rules']['exceptions'][number];

const now = new Date('2026-11-25T12:00:00Z');
const exception = (finding: string, until: string | null): Exception => ({
  kind: 'exception',
  source: 'exceptions[0]',
  finding,
  reason: 'not reachable',
  owner: 'team-shop',
  until: until === null ? null : new Date(until),
});

describe('endingSoon', () => {
  it('names exceptions that end within a week, the next first', () => {
    const exceptions = [
      exception('later', '2026-12-02T12:00:01Z'),
      exception('week', '2026-12-02T12:00:00Z'),
      exception('over', '2026-11-25T12:00:00Z'),
      exception('next', '2026-11-26T00:00:00Z'),
      exception('ever', null),
    ];
    expect(endingSoon(exceptions, now).map(({ finding }) => finding)).toEqual(['next', 'week']);
    expect(endingSoon(exceptions, now)[0]).toMatchObject({ owner: 'team-shop', source: 'exceptions[0]' });
  });

  it('has a line for each channel and each sensor that does not do its work', () => {
    const channel = (state: ChannelHealth['state'], since: Date | null): ChannelHealth => ({
      ...{ receiver: 'team', channel: 'slack', integration: 0, state, since, sent: 1, failed: 1, waiting: 0 },
      ...{ held: 0, waitingSince: null, lastSentAt: null, p95Seconds: null },
      lastFailure: { code: 'SLACK_REFUSED', reason: 'Slack answered is_archived', at: '' },
    });
    const sensor = (name: string, silentSince: Date | null): SensorHealth => ({
      ...{ sensor: name, kind: 'falco', heardAt: now, silentSince, records: 1, dropped: 0, droppedAt: null },
    });
    expect(
      healthLines([channel('healthy', null), channel('broken', now)], [sensor('a', null), sensor('b', now)]),
    ).toEqual([
      'slack of team is broken since 2026-11-25 12:00 UTC: Slack answered is_archived',
      'Sensor b is silent since 2026-11-25 12:00 UTC',
    ]);
  });
});
