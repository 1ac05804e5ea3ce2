import { check, type History } from './check.ts';

/** History without a fault: one push and one event that matches a rule. */
const good: History = {
  webhooks: [{ key: 's1-1', kind: 'harbor', acceptedAtMs: 1 }],
  pushes: [{ key: 's1-1', id: 'p', digest: 'sha256:1', state: 'analyzed', code: null, verdict: 'fail' }],
  events: [
    { key: 'e1-1', sensor: 'falco', rule: 'Shell', acceptedAtMs: 1 },
    { key: 'e1-2', sensor: 'falco', rule: null, acceptedAtMs: 1 },
  ],
  alerts: [{ key: 'e1-1', rule: 'Shell', id: 'a', incidentId: 'i' }],
  incidents: [{ key: 'e1-1', id: 'i', isMerged: false }],
  arrivals: [
    { key: 's1-1', deliveryId: 'd1' },
    { key: 's1-1', deliveryId: 'd1' },
    { key: 'e1-1', deliveryId: 'd2' },
  ],
  posts: ['d3', 'd4'],
  mails: [],
  redriven: [],
  reminded: [],
  openDeliveries: [],
  deadLetters: [],
  drops: [],
  earlier: [{ key: 's0-1', before: 'fail', now: 'fail' }],
  notReady: [],
  moments: [],
  undone: [],
  probe: { healedAtMs: 1_000, deliveredAtMs: 4_000, load: 1 },
  crashes: [],
};

/** The event with a rule, in a namespace that has a channel of its own. */
function inChannel(channel: string, more: Partial<History>): Partial<History> {
  const key = `${channel}-1-1`;
  const [event] = good.events;
  return {
    events: [{ ...event!, key }],
    alerts: [{ ...good.alerts[0]!, key }],
    incidents: [{ ...good.incidents[0]!, key }],
    arrivals: [...good.arrivals, { key, deliveryId: 'd2' }],
    ...more,
  };
}

const refusing = (isReady: boolean, accepted = 0) =>
  [0, 2_000, 4_000, 6_000].map((atMs) => ({ atMs, isReady, accepted, refused: 3 }));

describe('check of a history', () => {
  it('finds nothing in a good one, and counts repetitions', () => {
    expect(check(good)).toEqual({ violations: [], lost: 0, doubled: 0, repeats: 1, recoveryMs: 3_000 });
  });

  it('allows as many pushes as a sender without an id made attempts', () => {
    const pushes = ['p', 'q', 'r'].map((id) => ({ ...good.pushes[0]!, id }));
    const sent = (unanswered: number) => ({ ...good, webhooks: [{ ...good.webhooks[0]!, unanswered }], pushes });
    expect(check(sent(2)).violations).toEqual([]);
    expect(check(sent(1)).violations).toEqual([{ invariant: 'I2', what: 'harbor s1-1 is 3 pushes' }]);
  });

  it.each<[string, string, Partial<History>]>([
    [
      'a push that was never accepted',
      'I1',
      { webhooks: [...good.webhooks, { ...good.webhooks[0]!, key: 's1-2', acceptedAtMs: null }] },
    ],
    ['an accepted push without a row', 'I1', { pushes: [] }],
    ['a push in two rows', 'I2', { pushes: [...good.pushes, { ...good.pushes[0]!, id: 'q' }] }],
    ['a push that does not end', 'I2', { pushes: [{ ...good.pushes[0]!, state: 'analyzing' }] }],
    [
      'a good image that is refused',
      'I2',
      { pushes: [{ ...good.pushes[0]!, state: 'refused', code: 'BLOB_UNKNOWN' }] },
    ],
    ['an event that was never accepted', 'I1', { events: [{ ...good.events[1]!, acceptedAtMs: null }] }],
    ['a decision that was never accepted', 'I1', { undone: ['silence in Slack'] }],
    ['an event that is no alert', 'I3', { alerts: [] }],
    ['an event that is two alerts', 'I3', { alerts: [...good.alerts, { ...good.alerts[0]!, id: 'b' }] }],
    ['an alert in no incident', 'I3', { incidents: [] }],
    ['an alert in two incidents', 'I3', { incidents: [...good.incidents, { ...good.incidents[0]!, id: 'j' }] }],
    ['a push without a message', 'I3', { arrivals: good.arrivals.slice(2) }],
    ['an incident without a message', 'I3', { arrivals: good.arrivals.slice(0, 2) }],
    ['an image that should be refused', 'I2', { webhooks: [{ ...good.webhooks[0]!, end: 'refused' }] }],
    ['a message about a chart', 'I3', { webhooks: [{ ...good.webhooks[0]!, messages: [0, 0] }] }],
    ['a mail that did not arrive', 'I3', inChannel('mail', {})],
    [
      'a mail under two ids',
      'I3',
      inChannel('mail', {
        mails: [
          { key: 'mail-1-1', deliveryId: 'd5' },
          { key: 'mail-1-1', deliveryId: 'd6' },
        ],
      }),
    ],
    ['a refused message that was not redriven', 'I3', inChannel('refusing', {})],
    ['a reminder that was not sent', 'I3', inChannel('reminded', {})],
    ['a message under two ids', 'I3', { arrivals: [...good.arrivals, { key: 's1-1', deliveryId: 'd9' }] }],
    ['a message that a channel shows twice', 'I3', { posts: ['d3', 'd3'] }],
    [
      'two verdicts of one digest',
      'I4',
      { pushes: [...good.pushes, { ...good.pushes[0]!, key: 's1-2', id: 'q', verdict: 'pass' }] },
    ],
    ['a dead letter', 'I5', { deadLetters: [{ id: 'l', stage: 'job', subject: 'p', code: 'INTERNAL', reason: 'x' }] }],
    ['a delivery without an end', 'I5', { openDeliveries: [{ id: 'd', state: 'sending' }] }],
    ['a counter of losses', 'I5', { drops: [{ metric: 'tidewaiter_detector_dropped_total', value: 2 }] }],
    ['a process that ended by itself', 'I5', { crashes: ['scanner-1'] }],
    ['a verdict that was lost', 'I6', { earlier: [{ key: 's0-1', before: 'fail', now: null }] }],
    ['a push after the last fault that does not arrive', 'I7', { probe: { ...good.probe!, deliveredAtMs: null } }],
    ['a slow recovery of a quiet machine', 'I7', { probe: { ...good.probe!, deliveredAtMs: 16_001 } }],
    ['a service that stays unready', 'I8', { notReady: [{ instance: 'scanner-1', problems: 'redis' }] }],
    ['readiness while everything is refused', 'I8', { moments: refusing(true) }],
  ])('finds %s', (_, invariant, change) => {
    const { violations } = check({ ...good, ...change });
    expect([...new Set(violations.map((violation) => violation.invariant))]).toEqual([invariant]);
  });

  it.each<[string, Partial<History>]>([
    ['a slow recovery of a busy machine', { probe: { healedAtMs: 0, deliveredAtMs: 40_000, load: 9 } }],
    ['refusals while ingest says that it is not ready', { moments: refusing(false) }],
    ['refusals beside what is accepted', { moments: refusing(true, 1) }],
    [
      'a process that was stopped after it said that it was ready',
      { moments: [...refusing(true).slice(0, 1), ...refusing(false).slice(3)] },
    ],
    ['a push that failed before it was analyzed', { webhooks: [{ ...good.webhooks[0]!, messages: [1, 2] }] }],
    [
      'a mail that came again under its id',
      inChannel('mail', { mails: Array(2).fill({ key: 'mail-1-1', deliveryId: 'd5' }) }),
    ],
    ['incidents that were merged', { incidents: [...good.incidents, { key: 'e1-1', id: 'j', isMerged: true }] }],
  ])('accepts %s', (_, change) => {
    expect(check({ ...good, ...change }).violations).toEqual([]);
  });
});
