import type { Labels } from '@tidewaiter/domain';

import { parseMatchers } from './matcher-syntax.js';
import { compareMatchers, createMatcher, formatMatcher, labelValue, matches, quote } from './matcher.js';
import type { Matcher, MatchOperator } from './matcher.js';
import type { Receiver } from './receivers/receiver.js';
import type { Section } from './section.js';

/** Where a route sends alerts and how it gathers them. */
export interface RouteMatch {
  receiver: string;
  /** Where the route stands in the file: `route.routes[1].routes[0]`. */
  path: string;
  /** The matchers from the root down, `{}/{severity="critical"}`: Alertmanager's key, which routes with equal matchers share. */
  key: string;
  groupBy: string[] | 'all';
  groupWaitMs: number;
  groupIntervalMs: number;
  repeatIntervalMs: number;
}

/** A node of the tree. What it does not say itself it has from its parent. */
export interface Route {
  options: RouteMatch;
  /** All of them must hold. */
  matchers: Matcher[];
  /** Whether the routes after this one are tried too when this one matches. */
  continue: boolean;
  routes: Route[];
}

const alertmanagerDefaults = {
  groupBy: [],
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatIntervalMs: 14_400_000,
};

/**
 * Finds the routes of an alert: depth first, left to right, until a route without `continue` matches; a route stands for itself only when none of
 * its children matches.
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

/** The labels that an alert shares with its group on this route. An empty label is as good as none. */
export function groupLabels({ groupBy }: RouteMatch, labels: Labels): Labels {
  const names = groupBy === 'all' ? Object.keys(labels) : groupBy;
  const pairs = names.map((name) => [name, labelValue(labels, name)] as const).filter(([, value]) => value !== '');
  // Not by assignment: a label may be called `__proto__`.
  return Object.fromEntries(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Names the group of an alert on a route as Alertmanager does: `{}/{severity="critical"}:{repository="x"}`. It survives restarts and moved
 * routes. Two routes may share it, so what is kept by it is kept by the receiver as well.
 */
export function groupKey(match: RouteMatch, labels: Labels): string {
  const pairs = Object.entries(groupLabels(match, labels)).map(([name, value]) => `${name}=${quote(value)}`);
  return `${match.key}:{${pairs.join(', ')}}`;
}

/** Reads the tree under `route`. */
export function readRoute(root: Section, receivers: ReadonlyMap<string, Receiver>): Route {
  if (!root.has('receiver')) root.problem('receiver', 'the root route needs a receiver');
  for (const key of ['matchers', 'match', 'match_re', 'continue']) {
    if (root.has(key)) root.problem(key, 'the root route takes every alert and cannot have this');
  }
  return readNode(root, { ...alertmanagerDefaults, receiver: '', path: '', key: '' }, receivers);
}

function readNode(section: Section, parent: RouteMatch, receivers: ReadonlyMap<string, Receiver>): Route {
  const matchers = readMatchers(section);
  const own = `{${matchers.map(formatMatcher).join(',')}}`;
  const options: RouteMatch = {
    receiver: readReceiverName(section, receivers) ?? parent.receiver,
    path: section.path,
    key: parent.key ? `${parent.key}/${own}` : own,
    groupBy: readGroupBy(section) ?? parent.groupBy,
    groupWaitMs: section.durationMs('group_wait') ?? parent.groupWaitMs,
    groupIntervalMs: readInterval(section, 'group_interval') ?? parent.groupIntervalMs,
    repeatIntervalMs: readInterval(section, 'repeat_interval') ?? parent.repeatIntervalMs,
  };
  const route = { options, matchers, continue: section.flag('continue') ?? false };
  const routes = section.sections('routes').map((child) => readNode(child, options, receivers));
  section.finish(['mute_time_intervals', 'active_time_intervals', 'labels']);
  return { ...route, routes };
}

function readReceiverName(section: Section, receivers: ReadonlyMap<string, Receiver>): string | undefined {
  const name = section.scalar('receiver');
  if (name !== undefined && !receivers.has(name)) section.problem('receiver', 'no receiver has this name');
  return name;
}

function readGroupBy(section: Section): string[] | 'all' | undefined {
  const names = section.texts('group_by');
  // In Alertmanager an empty list leaves `Route.GroupBy` as it was, nil, and the parent's holds.
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
  const texts = section.texts('matchers') ?? [];
  const matchers = texts.flatMap(
    (text, index) => section.attempt(`matchers[${index}]`, () => parseMatchers(text)) ?? [],
  );
  return [...matchers, ...readLegacy(section, 'match', '='), ...readLegacy(section, 'match_re', '=~')].toSorted(
    compareMatchers,
  );
}

/** Alertmanager's older form of matchers: a map from label to value or expression. */
function readLegacy(section: Section, key: string, operator: MatchOperator): Matcher[] {
  return section.pairs(key).flatMap(([name, value]) => {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) {
      section.problem(key, 'a name is not a classic label name; use matchers');
      return [];
    }
    return section.attempt(key, () => createMatcher(name, operator, value)) ?? [];
  });
}
