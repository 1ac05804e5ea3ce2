import type { Alert, Labels } from '@tidewaiter/domain';

import type { Integration } from './receivers/receiver.js';
import { groupKey, groupLabels, matchRoutes, type RouteMatch } from './route.js';
import type { RoutingConfig } from './routing.js';

/** Something that one alert is about: a finding of a push, or an incident. */
export interface Subject<About, Told extends Pick<Alert, 'labels'> = Alert> {
  alert: Told;
  about: About;
}

/** What one receiver is told in one message. */
export interface Group<About, Told extends Pick<Alert, 'labels'> = Alert> {
  receiver: string;
  /** Path of the route in routing.yaml. */
  route: string;
  /** What the route says; null of one that told it before. */
  match: RouteMatch | null;
  groupKey: string;
  groupLabels: Labels;
  subjects: Subject<About, Told>[];
}

/** Sends every alert down the route tree and puts those together that a receiver wants in one message. */
export function groupByRoute<About, Told extends Pick<Alert, 'labels'>>(
  config: RoutingConfig,
  subjects: readonly Subject<About, Told>[],
): Group<About, Told>[] {
  const groups = new Map<string, Group<About, Told>>();
  for (const subject of subjects) {
    const { labels } = subject.alert;
    for (const match of matchRoutes(config, labels)) {
      const key = groupKey(match, labels);
      // Two routes may share a key, as in Alertmanager; a receiver hears of a group once.
      const name = `${match.receiver}\n${key}`;
      const group = groups.get(name) ?? {
        receiver: match.receiver,
        route: match.path,
        match,
        groupKey: key,
        groupLabels: groupLabels(match, labels),
        subjects: [],
      };
      if (!group.subjects.includes(subject)) group.subjects.push(subject);
      groups.set(name, group);
    }
  }
  return [...groups.values()];
}

/**
 * Puts together all that one route sends to a receiver, whatever its `group_by` says: an advisory hits a hundred images at once, and
 * is one message. What the alerts share in labels is for the message to say.
 */
export function groupByReceiver<About, Told extends Pick<Alert, 'labels'>>(
  config: RoutingConfig,
  subjects: readonly Subject<About, Told>[],
): Group<About, Told>[] {
  const groups = new Map<string, Group<About, Told>>();
  for (const subject of subjects) {
    for (const match of matchRoutes(config, subject.alert.labels)) {
      const { receiver, path: route, key } = match;
      const groupKey = `${key}:advisories`;
      const name = `${receiver}\n${groupKey}`;
      const group = groups.get(name) ?? { receiver, route, match, groupKey, groupLabels: {}, subjects: [] };
      if (!group.subjects.includes(subject)) group.subjects.push(subject);
      groups.set(name, group);
    }
  }
  return [...groups.values()];
}

/** The channels of a receiver that want to hear of it: good news goes only to those that ask for it. */
export function channelsFor(config: RoutingConfig, receiver: string, isNews: boolean): Integration[] {
  const integrations = config.receivers.get(receiver)?.integrations ?? [];
  return integrations.filter((integration) => isNews || integration.config.sendResolved);
}
