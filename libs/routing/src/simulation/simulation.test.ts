import { channelReaders } from '@tidewaiter/receivers';
import * as fc from 'fast-check';

import { parseRouting } from '../config/routing.js';
import { parseMatchers } from '../matching/matcher-syntax.js';
import { Silences } from '../matching/silence.js';
import type { PastAlert, PastEvent } from './past.js';
import { Simulation } from './simulation.js';

const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000];
const start = Date.parse('2026-11-16T00:00:00Z');

const alert = (rule: string, more: Partial<PastAlert> = {}): PastAlert => ({
  identity: rule,
  status: 'firing',
  ...more,
  labels: { rule, new: 'true', ...more.labels },
});
const event = (atMs: number, ...alerts: PastAlert[]): PastEvent => ({ atMs: start + atMs, alerts, state: null });
const silence = (text: string, fromMs: number, toMs: number) => ({
  id: 's',
  matchers: parseMatchers(text),
  startsAtMs: start + fromMs,
  endsAtMs: start + toMs,
  createdBy: 'jane',
  comment: '',
});

const slack = 'slack_configs: [ { api_url: "https://hook.example/" } ]';
const webhook = 'webhook_configs: [ { url: "https://hook.example/" } ]';
const bot =
  'slack_configs: [ { api_url: "https://slack.example/api/chat.postMessage", channel: C1, http_config: { authorization: { credentials: x } } } ]';

interface Setting {
  route?: string;
  receiver?: string;
  more?: string;
  silences?: ReturnType<typeof silence>[];
  firing?: PastAlert[];
  maxSteps?: number;
}

const simulate = (events: readonly PastEvent[], setting: Setting = {}, untilMs = 7 * day) => {
  const { route = '', receiver = webhook, more = '', silences = [], firing = [], maxSteps } = setting;
  const config = parseRouting(
    `route: { receiver: team, ${route} }\nreceivers: [ { name: team, ${receiver} } ]\n${more}`,
    { channels: channelReaders, readFile: () => '' },
  );
  const simulation = new Simulation({
    config,
    silences: new Silences(silences),
    firing,
    ...(maxSteps && { maxSteps }),
  });
  for (const each of events) simulation.add(each);
  simulation.end(start + untilMs);
  return simulation;
};
const times = ({ messages }: Simulation) => messages.map(({ atMs }) => atMs - start);

it('sends each at once where the file gives no times', () => {
  const { messages, heldBack } = simulate([event(0, alert('a')), event(second, alert('b'))], {
    route: 'group_by: [rule]',
  });
  expect(messages.map(({ groupKey, kind, alerts }) => [groupKey, kind, alerts])).toEqual([
    ['{}:{rule="a"}', 'news', 1],
    ['{}:{rule="b"}', 'news', 1],
  ]);
  expect(heldBack).toEqual([]);
});

it('sends old alerts to no channel, and resolutions only with send_resolved', () => {
  const known = alert('a', { labels: { new: 'false' } });
  const over = alert('a', { status: 'resolved' });
  expect(simulate([event(0, known), event(1, over)], { receiver: slack }).messages).toEqual([]);
  expect(simulate([event(0, known), event(1, over)]).messages).toHaveLength(1);
});

it('merges alerts within group_wait, and sends the next message after group_interval', () => {
  const route = 'group_wait: 30s, group_interval: 5m';
  const simulation = simulate([event(0, alert('a')), event(second, alert('b')), event(minute, alert('c'))], { route });
  expect(times(simulation)).toEqual([30 * second, 30 * second + 5 * minute]);
  expect(simulation.messages).toMatchObject([
    { alerts: 2, together: 2, heldFor: 'group' },
    { alerts: 1, together: 1, heldFor: 'group' },
  ]);
});

it('drops alerts that end before they are due', () => {
  const simulation = simulate([event(0, alert('a')), event(second, alert('a', { status: 'resolved' }))], {
    route: 'group_wait: 30s',
  });
  expect(simulation.messages).toEqual([]);
  expect(simulation.heldBack.map(({ outcome }) => outcome)).toEqual(['over', 'over']);
});

it('waits for the end of a silence, of an inhibition, and of a mute time', () => {
  const silenced = simulate([event(0, alert('a'))], { silences: [silence('rule="a"', 0, day)] });
  expect(times(silenced)).toEqual([day]);
  expect(silenced.heldBack).toMatchObject([{ why: 'silenced', outcome: 'sent' }]);

  const inhibit = 'inhibit_rules: [ { source_matchers: [rule=down], target_matchers: [rule=a] } ]';
  const down = { route: 'group_by: [rule]', receiver: slack, more: inhibit, firing: [alert('down')] };
  const inhibited = simulate([event(0, alert('a')), event(3 * day, alert('down', { status: 'resolved' }))], down);
  expect(times(inhibited)[0]).toBeLessThanOrEqual(3 * day + minute);
  expect(inhibited.messages).toMatchObject([{ groupKey: '{}:{rule="a"}', heldFor: 'inhibited' }]);
  expect(simulate([event(0, alert('a'))], down).heldBack).toMatchObject([{ why: 'inhibited', outcome: 'waits' }]);

  const hours =
    'time_intervals: [ { name: work, time_intervals: [ { times: [ { start_time: "09:00", end_time: "17:00" } ] } ] } ]';
  const muted = simulate([event(0, alert('a'))], {
    route: 'routes: [ { active_time_intervals: [work] } ]',
    more: hours,
  });
  expect(times(muted)).toEqual([9 * hour]);
  expect(muted.heldBack).toMatchObject([{ why: 'muted', outcome: 'sent' }]);
});

it('merges a flood for people, and never for programs', () => {
  const flood = Array.from({ length: 12 }, (_, index) => event(index * second, alert(`r${index}`)));
  const route = 'group_by: [rule]';
  expect(simulate(flood, { route }).messages).toHaveLength(12);
  const { messages } = simulate(flood, { route, receiver: slack });
  expect(messages.map(({ together }) => together)).toEqual([1, 1, 1, 1, 1, 7]);
  expect(messages[5]).toMatchObject({ heldFor: 'storm', alerts: 7, atMs: start + 5 * second + minute });
});

it('collects messages for a summary until its hour', () => {
  const summary = { receiver: `summary: { at: "08:00" }, ${slack}`, route: 'group_by: [rule]' };
  const simulation = simulate([event(0, alert('a')), event(hour, alert('b')), event(day, alert('c'))], summary);
  expect(times(simulation)).toEqual([8 * hour, day + 8 * hour]);
  expect(simulation.messages.map(({ alerts, heldFor }) => [alerts, heldFor])).toEqual([
    [2, 'summary'],
    [1, 'summary'],
  ]);
});

it('repeats firing alerts, counted from the last message', () => {
  const route = 'group_by: [x], repeat_interval: 2d';
  const simulation = simulate([event(0, alert('a'), alert('b')), event(3 * day, alert('a', { status: 'resolved' }))], {
    route,
    receiver: slack,
  });
  expect(simulation.messages.map(({ kind, alerts }) => [kind, alerts])).toEqual([
    ['news', 2],
    ['reminder', 2],
    ['reminder', 1],
    ['reminder', 1],
  ]);
  expect(times(simulation)).toEqual([0, 2 * day, 4 * day, 6 * day]);
});

it('edits the message of a bot about an incident, and repeats it until it is acknowledged', () => {
  const state = (atMs: number, isForAll: boolean, isAcknowledged = false): PastEvent => ({
    ...event(atMs, alert('incident', { labels: { kind: 'incident' } })),
    state: { subject: 'i', isForAll, isAcknowledged },
  });
  const events = [state(0, true), state(hour, false), state(2 * hour, true), state(3 * day, false, true)];
  const kinds = (receiver: string) =>
    simulate(events, { route: 'repeat_interval: 1d', receiver }).messages.map(({ kind }) => kind);
  expect(kinds(bot)).toEqual(['news', 'edit', 'edit', 'reminder', 'reminder', 'edit']);
  expect(kinds(slack)).toEqual(['news', 'news', 'reminder', 'reminder']);
});

it('repeats a snoozed incident at the end of the snooze', () => {
  const state = (atMs: number, snoozedUntil?: string): PastEvent => ({
    ...event(atMs, alert('incident', { labels: { kind: 'incident' } })),
    state: { subject: 'i', isForAll: true, isAcknowledged: false, ...(snoozedUntil !== undefined && { snoozedUntil }) },
  });
  const until = new Date(start + 3.5 * day).toISOString();
  const repeated = simulate([state(0), state(hour, until)], { route: 'repeat_interval: 1d', receiver: bot })
    .messages.filter(({ kind }) => kind === 'reminder')
    .map(({ atMs }) => atMs - start);
  expect(repeated[0]).toBe(3.5 * day);
});

it('rejects a file that needs too many steps', () => {
  const setting = { route: 'repeat_interval: 1ms', maxSteps: 1_000 };
  expect(() => simulate([event(0, alert('a'))], setting)).toThrow(
    expect.objectContaining({ code: 'REPLAY_TOO_LARGE' }),
  );
});

describe('whatever happens', () => {
  const rules = ['a', 'b', 'c', 'd'];
  const events = fc
    .array(
      fc.record({
        atMs: fc.integer({ min: 0, max: 6 * hour }),
        rule: fc.constantFrom(...rules),
        severity: fc.constantFrom('high', 'low'),
        status: fc.constantFrom('firing', 'firing', 'resolved'),
      }),
      { maxLength: 60 },
    )
    .map((all) =>
      all
        .toSorted((a, b) => a.atMs - b.atMs)
        .map(({ atMs, rule, severity, status }) => event(atMs, alert(rule, { status, labels: { severity } }))),
    );
  const setting = fc.record({
    groupWait: fc.constantFrom('', 'group_wait: 30s,', 'group_wait: 10m,'),
    interval: fc.constantFrom('', 'group_interval: 5m,', 'group_interval: 1h,'),
    by: fc.constantFrom('group_by: [rule]', 'group_by: [severity]', "group_by: ['...']", 'group_by: [x]'),
    receiver: fc.constantFrom(slack, webhook, bot, `summary: { at: "03:00" }, ${slack}`),
  });
  const routeOf = ({ groupWait, interval, by }: { groupWait: string; interval: string; by: string }, more = '') =>
    `${groupWait} ${interval} ${more} ${by}`;

  it('the times of a file hold between the messages of a group', () => {
    fc.assert(
      fc.property(events, setting, (all, { receiver: _, ...route }) => {
        const { messages } = simulate(all, { route: routeOf(route) });
        const intervalMs = route.interval.includes('1h') ? hour : route.interval === '' ? 0 : 5 * minute;
        for (const group of Map.groupBy(messages, ({ groupKey }) => groupKey).values()) {
          for (const [index, { atMs }] of group.slice(1).entries()) {
            expect(atMs - group[index]!.atMs).toBeGreaterThanOrEqual(intervalMs);
          }
        }
      }),
    );
  });

  it('sends no silenced alert, and the others as if the silenced did not exist', () => {
    fc.assert(
      fc.property(events, setting, (all, { receiver, ...route }) => {
        const labelled = { route: routeOf({ ...route, by: 'group_by: [rule]' }), receiver };
        const silenced = simulate(all, { ...labelled, silences: [silence('rule="a"', 0, 30 * day)] });
        const without = simulate(
          all.filter(({ alerts }) => alerts[0]!.labels['rule'] !== 'a'),
          labelled,
        );
        expect(silenced.messages).toEqual(without.messages);
      }),
    );
  });

  it('sends each message, drops it as over, or still holds it', () => {
    fc.assert(
      fc.property(events, setting, (all, { receiver, ...route }) => {
        const { messages, heldBack } = simulate(all, { route: routeOf(route), receiver });
        const asked = simulate(all, { route: "group_by: ['...']", receiver: receiver.replace(/summary: {.*?}, /, '') });
        const sent = messages.reduce((sum, { together }) => sum + together, 0);
        const not = heldBack.filter(({ outcome }) => outcome !== 'sent').length;
        const wanted = asked.messages.reduce((sum, { together }) => sum + together, 0);
        expect(sent + not).toBe(wanted + asked.heldBack.filter(({ outcome }) => outcome !== 'sent').length);
      }),
    );
  });

  it('repeats only firing alerts, and not before repeat_interval', () => {
    fc.assert(
      fc.property(events, setting, (all, { receiver, ...route }) => {
        const { messages } = simulate(all, { route: routeOf(route, 'repeat_interval: 90m,'), receiver }, 2 * day);
        const firingAt = (atMs: number) => {
          const last = new Map<string, string>();
          for (const { atMs: at, alerts } of all) if (at <= atMs) last.set(alerts[0]!.identity, alerts[0]!.status);
          return [...last.values()].filter((status) => status === 'firing').length;
        };
        for (const [index, { kind, atMs, alerts, groupKey }] of messages.entries()) {
          if (kind !== 'reminder') continue;
          expect(alerts).toBeLessThanOrEqual(receiver.includes('summary') ? rules.length : firingAt(atMs));
          const before = messages.slice(0, index).findLast((each) => each.groupKey === groupKey);
          if (!receiver.includes('summary')) expect(atMs - before!.atMs).toBeGreaterThanOrEqual(90 * minute);
        }
      }),
    );
  });
});
