import { type ReplayAnswer, replayText } from './routes-replay-text.js';

const counts = { messages: 0, alerts: 0, reminders: 0, edits: 0 };
const sent = { route: 'route', channel: 'slack', edits: 0, reminders: 0, failed: 0, heldBack: 0 };

const answer = (more: Partial<ReplayAnswer> = {}): ReplayAnswer => ({
  since: '2026-11-18T20:00:00.000Z',
  until: '2026-11-25T20:00:00.000Z',
  history: { knownSince: '2026-11-01T00:00:00.000Z', isWhole: true, events: 1, alerts: 1 },
  would: { ...counts, receivers: [], heldBack: [], busiest: [] },
  sent: [],
  ...more,
});

const full = answer({
  would: {
    ...{ ...counts, messages: 14, alerts: 1_230, reminders: 2 },
    receivers: [
      {
        receiver: 'security',
        ...{ ...counts, messages: 14, alerts: 1_230, reminders: 2 },
        routes: [{ route: 'route.routes[0]', ...counts, messages: 14, alerts: 1_230, reminders: 2 }],
        channels: { slack: 14 },
      },
    ],
    heldBack: [
      { why: 'silenced', sent: 0, over: 2, waits: 1 },
      { why: 'storm', sent: 40, over: 0, waits: 0 },
    ],
    busiest: [
      { receiver: 'security', groupKey: `{}:{repository="${'x'.repeat(200)}\u001b[31m"}`, ...counts, messages: 9 },
      { receiver: 'security', groupKey: 'once', ...counts, messages: 1 },
    ],
  },
  sent: [
    { ...sent, receiver: 'security', messages: 20 },
    { ...sent, receiver: 'gone by now', messages: 3 },
  ],
  history: { knownSince: '2026-11-20T00:00:00.000Z', isWhole: false, events: 1, alerts: 1 },
});

describe('routes replay', () => {
  it('shows what would have been sent beside what was', () => {
    expect(replayText(full, 80)).toBe(`2026-11-18 20:00 to 2026-11-25 20:00 UTC
would have sent 14 messages with 1,230 alerts; sent were 23

receiver             messages    alerts reminders     edits  was sent
security                   14     1,230         2         0        20
  route.routes[0]          14     1,230         2         0         0
  route                     0         0         0         0        20
gone by now                 0         0         0         0         3
  route                     0         0         0         0         3

held back
  silenced: 2 over before that, 1 still waiting
  in a flood, merged: 40 sent later or merged

busiest groups
     9  security  {}:{repository="xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…

Known since 2026-11-20 00:00 UTC: what came before is not in this.
`);
  });

  it.each([40, 60, 80, 200])('fits into %i columns, and lets no stranger write to the terminal', (width) => {
    const lines = replayText(full, width).split('\n');
    expect(lines.join('')).not.toContain('\u001b');
    const sentences = /^(would|Known|\d{4}-|  in a flood|  silenced)/;
    const rows = lines.filter((line) => !sentences.test(line));
    expect(Math.max(...rows.map(({ length }) => length))).toBeLessThanOrEqual(width);
  });

  it('says when there is nothing, and when nothing can be known', () => {
    expect(replayText(answer(), 80)).toContain('no messages, before or after\n');
    const unknown = answer({ history: { knownSince: null, isWhole: false, events: 0, alerts: 0 } });
    expect(replayText(unknown, 80)).toContain('No recorded alerts yet');
  });
});
