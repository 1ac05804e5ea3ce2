import { InvalidInput } from '@tidewaiter/domain';
import { channelReaders } from '@tidewaiter/receivers';
import * as fc from 'fast-check';

import { parseRouting } from '../config/routing.js';
import { isMuted } from '../matching/route.js';

const noFile = (): string => {
  throw new Error('there is no file');
};
const configOf = (range: string) =>
  parseRouting(
    `time_intervals: [{name: t, time_intervals: [${range}]}]
route: {receiver: a, routes: [{active_time_intervals: [t]}]}
receivers: [{name: a}]`,
    { channels: channelReaders, readFile: noFile },
  );
const isActive = (range: string, time: string) => !isMuted(configOf(range).route.routes[0]!.options, Date.parse(time));

describe('time interval', () => {
  it.each([
    ['{}', '2026-01-02T03:04:05Z', true],
    ["{times: [{start_time: '08:00', end_time: '18:00'}]}", '2026-01-02T08:00:00Z', true],
    ["{times: [{start_time: '08:00', end_time: '18:00'}]}", '2026-01-02T17:59:59Z', true],
    ["{times: [{start_time: '08:00', end_time: '18:00'}]}", '2026-01-02T18:00:00Z', false],
    ["{times: [{start_time: '22:00', end_time: '24:00'}]}", '2026-01-02T23:59:59Z', true],
    ["{times: [{start_time: '08:00', end_time: '18:00'}], location: Europe/Berlin}", '2026-01-02T07:30:00Z', true],
    ["{times: [{start_time: '08:00', end_time: '18:00'}], location: Europe/Berlin}", '2026-07-02T16:30:00Z', false],
    ["{weekdays: ['monday:friday']}", '2026-01-02T00:00:00Z', true],
    ["{weekdays: ['monday:friday']}", '2026-01-03T00:00:00Z', false],
    ['{weekdays: [Saturday, sunday]}', '2026-01-04T00:00:00Z', true],
    // In Tokyo it is Saturday already.
    ['{weekdays: [saturday], location: Asia/Tokyo}', '2026-01-02T16:00:00Z', true],
    ["{months: ['december'], days_of_month: ['20:31']}", '2026-12-25T00:00:00Z', true],
    ["{months: ['12']}", '2026-12-25T00:00:00Z', true],
    ["{months: ['december'], days_of_month: ['20:31']}", '2026-12-19T00:00:00Z', false],
    ["{days_of_month: ['-1']}", '2028-02-29T00:00:00Z', true],
    ["{days_of_month: ['-3:-1']}", '2026-04-28T00:00:00Z', true],
    ["{days_of_month: ['-3:-1']}", '2026-04-27T00:00:00Z', false],
    ["{days_of_month: ['25:-1']}", '2026-02-28T00:00:00Z', true],
    ["{days_of_month: ['31']}", '2026-02-28T00:00:00Z', false],
    ["{years: ['2025:2027']}", '2026-06-01T00:00:00Z', true],
    ['{years: [2025]}', '2026-06-01T00:00:00Z', false],
  ])('%s at %s: %s', (range, time, expected) => {
    expect(isActive(range, time)).toBe(expected);
  });

  it('mutes while a mute interval holds, for the route alone and not for its children', () => {
    const { route } = parseRouting(
      `mute_time_intervals: [{name: weekends, time_intervals: [{weekdays: [saturday, sunday]}]}]
route: {receiver: a, routes: [{mute_time_intervals: [weekends], routes: [{matchers: [x=y]}]}]}
receivers: [{name: a}]`,
      { channels: channelReaders, readFile: noFile },
    );
    const saturday = Date.parse('2026-01-03T00:00:00Z');
    expect(isMuted(route.routes[0]!.options, saturday)).toBe(true);
    expect(isMuted(route.routes[0]!.options, saturday + 2 * 86_400_000)).toBe(false);
    expect(isMuted(route.routes[0]!.routes[0]!.options, saturday)).toBe(false);
  });

  it.each([
    ["{times: [{start_time: '18:00', end_time: '08:00'}]}", 'times[0].end_time: must be after start_time'],
    ["{times: [{start_time: '24:01', end_time: '24:00'}]}", 'times[0].start_time: expected a time'],
    ['{times: [{}]}', 'times[0].start_time: expected a time'],
    ['{weekdays: [1]}', 'weekdays[0]: expected one value'],
    ["{weekdays: ['friday:monday']}", 'weekdays[0]: expected one value'],
    ["{months: ['13']}", 'months[0]: expected one value'],
    ["{days_of_month: ['0']}", 'days_of_month[0]: expected one value'],
    ["{days_of_month: ['-1:5']}", 'days_of_month[0]: expected one value'],
    ["{days_of_month: ['1:2:3']}", 'days_of_month[0]: expected one value'],
    ['{location: Europe/Atlantis}', 'location: expected the name of a time zone'],
    ['{weeks: [1]}', 'unknown key: time_intervals[0].time_intervals[0].weeks'],
  ])('refuses %s', (range, problem) => {
    expect(() => configOf(range)).toThrow(InvalidInput);
    expect(() => configOf(range)).toThrow(problem);
  });

  it.each([
    ['route: {receiver: a, routes: [{mute_time_intervals: [x]}]}', 'route.routes[0].mute_time_intervals[0]: no time'],
    ['route: {receiver: a, active_time_intervals: []}', ''],
    [
      'route: {receiver: a}\ntime_intervals: [{name: x}, {name: x}, {}]',
      'time_intervals[1].name: another time interval',
    ],
  ])('refuses %s', (text, problem) => {
    expect(() =>
      parseRouting(`${text}\nreceivers: [{name: a}]`, { channels: channelReaders, readFile: noFile }),
    ).toThrow(problem);
  });

  it('holds on every day of a month, or on none, between its first and its last', () => {
    const days = fc.integer({ min: 1, max: 31 });
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), days, days, (date, a, b) => {
        const [from, to] = a < b ? [a, b] : [b, a];
        const day = date.getUTCDate();
        expect(isActive(`{days_of_month: ['${from}:${to}']}`, date.toISOString())).toBe(from <= day && day <= to);
      }),
      { numRuns: 50 },
    );
  });
});
