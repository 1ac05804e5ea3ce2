import type { AboutDelivery, IncidentContext, IncidentRevision, StoredIncident } from '@tidewaiter/store';
import { minerIncident } from '@tidewaiter/testkit';

import { incidentTimeline } from './incident-timeline.js';

const at = (time: string) => new Date(`2026-11-25T${time}Z`);

const incident = { ...minerIncident(), number: 1 } as unknown as StoredIncident;

const revision = (kind: IncidentRevision['kind'], time: string, more: Partial<IncidentRevision> = {}) => ({
  ...{
    kind,
    revision: 1,
    severity: 'high' as const,
    news: ['a', 'b'],
    actor: null,
    comment: null,
    at: at(time),
    ...more,
  },
});

const delivery = (state: AboutDelivery['state'], time: string): AboutDelivery => ({
  ...{ id: '1', revision: 1, receiver: 'team', channel: 'slack', state, reason: null },
  createdAt: at(time),
  finishedAt: null,
});

const context = {
  image: {
    push: { repository: 'shop/checkout', tag: '1.4', pushedBy: 'ci', pushedAt: null, receivedAt: at('00:30:00') },
  },
} as unknown as IncidentContext;

describe('incidentTimeline', () => {
  it('orders push, steps, states and messages by time', () => {
    const revisions = [
      revision('opened', '01:02:05'),
      revision('updated', '01:02:10'),
      revision('resolved', '02:00:00', { actor: 'jane', news: [] }),
    ];
    const deliveries = [delivery('sent', '01:02:06'), delivery('retrying', '02:00:01')];
    const lines = incidentTimeline(incident, revisions, context, deliveries);
    expect(lines.map(({ at: time, title, detail }) => `${time.slice(11, 19)} ${title} (${detail})`)).toEqual([
      '00:30:00 shop/checkout:1.4 pushed (by ci)',
      '01:02:03 Dropped program started (T1059 · execution · 2 events)',
      '01:02:05 Incident opened (null)',
      '01:02:06 team notified (slack)',
      '01:02:09 Connection to mining pool (T1496.001 · impact)',
      '02:00:00 Incident resolved (by jane)',
      '02:00:01 team waiting (slack)',
    ]);
  });

  it('accepts times that cannot be parsed', () => {
    const odd = { ...incident, steps: [{ ...incident.steps[0]!, at: 'long ago' }] };
    expect(incidentTimeline(odd, [], { ...context, image: null }, [])).toMatchObject([
      { at: 'long ago', kind: 'step' },
    ]);
  });
});
