import type { Labels } from '@tidewaiter/domain';

import { readLegacyMatchers, readMatcherList } from '../config/read-matchers.js';
import type { ReceiverConfig } from '../config/receiver.js';
import type { Section } from '../config/section.js';
import { showName } from '../config/yaml-document.js';
import { contains, type TimeInterval } from '../timing/time-interval.js';
import { compareMatchers, formatMatcher, labelValue, type Matcher, matches, quote } from './matcher.js';

/** Options of a route: its receiver, grouping and times. */
export interface RouteMatch {
  receiver: string;
  /** Path of the route in the file: `route.routes[1].routes[0]`. */
  path: string;
  /**
   * The matchers from the root down, `{}/{severity="critical"}`: Alertmanager's key, which routes
   * with equal matchers share.
   */
  key: string;
  groupBy: string[] | 'all';
  groupWaitMs: number;
  groupIntervalMs: number;
  repeatIntervalMs: number;
  /**
   * Times that the file sets, here or in a parent route. Without them nothing waits and nothing is
   * repeated.
   */
  given: ReadonlySet<TimingKey>;
  /** Messages are held while one of these intervals contains the time. */
  muteTimeIntervals: readonly TimeInterval[];
  /** Messages go out only while one of these intervals contains the time; if empty, always. */
  activeTimeIntervals: readonly TimeInterval[];
}

export type TimingKey = (typeof timingKeys)[number];

const timingKeys = ['group_wait', 'group_interval', 'repeat_interval'] as const;

/** Node of the routing tree. It inherits options that it does not set from its parent. */
export interface Route {
  options: RouteMatch;
  /** All of them must match. */
  matchers: Matcher[];
  /** Whether the next sibling routes are tried too after this one matches. */
  continue: boolean;
  routes: Route[];
}

const alertmanagerDefaults = {
  groupBy: [],
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatIntervalMs: 14_400_000,
  given: new Set<TimingKey>(),
  muteTimeIntervals: [],
  activeTimeIntervals: [],
};

/**
 * Finds the routes of an alert: depth first, left to right, until a route without `continue`
 * matches; a route stands for itself only when none of its children matches.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<route>`
 */
export function matchRoutes(config: { route: Route }, labels: Labels): RouteMatch[] {
  return matchNode(config.route, labels);
}

function matchNode(route: Route, labels: Labels): RouteMatch[] {
  if (!route.matchers.every((matcher) => matches(matcher, labels))) return [];
  const found: RouteMatch[] = [];
  for (const child of route.routes) {
    const matched = matchNode(child, labels);
    found.push(...matched);
    if (matched.length > 0 && !child.continue) break;
  }
  return found.length > 0 ? found : [route.options];
}

/** Returns the route at a path of the file; null if the file no longer has it. */
export function routeAt({ route }: { route: Route }, path: string): RouteMatch | null {
  if (route.options.path === path) return route.options;
  for (const child of route.routes) {
    const found = routeAt({ route: child }, path);
    if (found) return found;
  }
  return null;
}

/** Whether the route holds back messages at this moment. */
export function isMuted({ muteTimeIntervals, activeTimeIntervals }: RouteMatch, timeMs: number): boolean {
  if (muteTimeIntervals.some((interval) => contains(interval, timeMs))) return true;
  return activeTimeIntervals.length > 0 && !activeTimeIntervals.some((interval) => contains(interval, timeMs));
}

/** Labels that an alert shares with its group on this route. An empty label counts as absent. */
export function groupLabels({ groupBy }: RouteMatch, labels: Labels): Labels {
  const names = groupBy === 'all' ? Object.keys(labels) : groupBy;
  const pairs = names.map((name) => [name, labelValue(labels, name)] as const).filter(([, value]) => value !== '');
  // Not by assignment: a label may be called `__proto__`.
  return Object.fromEntries(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Returns Alertmanager's key for the group of an alert on a route:
 * `{}/{severity="critical"}:{repository="x"}`. The key survives restarts and moved routes. Two
 * routes may share it, so state is stored by key and receiver.
 */
export function groupKey(match: RouteMatch, labels: Labels): string {
  const pairs = Object.entries(groupLabels(match, labels)).map(([name, value]) => `${name}=${quote(value)}`);
  return `${match.key}:{${pairs.join(', ')}}`;
}

/** Receivers and time intervals that routes may refer to. */
export interface Named {
  receivers: ReadonlyMap<string, ReceiverConfig>;
  timeIntervals: ReadonlyMap<string, TimeInterval>;
}

/** Reads the tree under `route`. */
export function readRoute(root: Section, named: Named): Route {
  if (!root.has('receiver')) root.problem('receiver', 'the root route needs a receiver');
  for (const key of ['matchers', 'match', 'match_re', 'continue', 'mute_time_intervals', 'active_time_intervals']) {
    if (root.has(key)) root.problem(key, 'the root route takes every alert and cannot have this');
  }
  return readNode(root, { ...alertmanagerDefaults, receiver: '', path: '', key: '' }, named);
}

function readNode(section: Section, parent: RouteMatch, named: Named): Route {
  const matchers = readMatchers(section);
  const own = `{${matchers.map(formatMatcher).join(',')}}`;
  const options: RouteMatch = {
    receiver: readReceiverName(section, named.receivers) ?? parent.receiver,
    path: section.path,
    key: parent.key ? `${parent.key}/${own}` : own,
    groupBy: readGroupBy(section) ?? parent.groupBy,
    groupWaitMs: section.durationMs('group_wait') ?? parent.groupWaitMs,
    groupIntervalMs: readInterval(section, 'group_interval') ?? parent.groupIntervalMs,
    repeatIntervalMs: readInterval(section, 'repeat_interval') ?? parent.repeatIntervalMs,
    given: new Set([...parent.given, ...timingKeys.filter((key) => section.has(key))]),
    // These two are not inherited by child routes, as in Alertmanager.
    muteTimeIntervals: readIntervalNames(section, 'mute_time_intervals', named.timeIntervals),
    activeTimeIntervals: readIntervalNames(section, 'active_time_intervals', named.timeIntervals),
  };
  const route = { options, matchers, continue: section.flag('continue') ?? false };
  const routes = section.sections('routes').map((child) => readNode(child, options, named));
  section.finish(['labels'], ' (labels of a route are not added to alerts)');
  return { ...route, routes };
}

function readReceiverName(section: Section, receivers: ReadonlyMap<string, ReceiverConfig>): string | undefined {
  const name = section.scalar('receiver');
  if (name !== undefined && !receivers.has(name)) section.problem('receiver', `no receiver ${showName(name)}`);
  return name;
}

function readIntervalNames(
  section: Section,
  key: string,
  intervals: ReadonlyMap<string, TimeInterval>,
): TimeInterval[] {
  return (section.texts(key) ?? []).flatMap((name, index) => {
    const interval = intervals.get(name);
    if (interval === undefined) section.problem(`${key}[${index}]`, `no time interval ${showName(name)}`);
    return interval ?? [];
  });
}

function readGroupBy(section: Section): string[] | 'all' | undefined {
  const names = section.texts('group_by');
  // In Alertmanager an empty list leaves `Route.GroupBy` nil, so that the parent's value applies.
  if (names === undefined || names.length === 0) return undefined;
  if (names.includes('')) section.problem('group_by', 'a label name must not be empty');
  if (new Set(names).size < names.length) section.problem('group_by', 'a label is named twice');
  if (!names.includes('...')) return names;
  if (names.length > 1) section.problem('group_by', '... stands for every label and must be alone');
  return 'all';
}

function readInterval(section: Section, key: string): number | undefined {
  const ms = section.durationMs(key);
  if (ms === 0) section.problem(key, 'must not be zero');
  return ms;
}

function readMatchers(section: Section): Matcher[] {
  return [
    ...readMatcherList(section, 'matchers'),
    ...readLegacyMatchers(section, 'match', '='),
    ...readLegacyMatchers(section, 'match_re', '=~'),
  ].toSorted(compareMatchers);
}
