import type { Alert, Labels } from '@tidewaiter/domain';

import type { Integration } from '../config/receiver.js';
import type { RoutingConfig } from '../config/routing.js';
import { groupKey, groupLabels, matchRoutes, type RouteMatch } from './route.js';

/** Alert together with its subject: a finding of a push, or an incident. */
export interface AlertSubject<About, Subject extends Pick<Alert, 'labels'> = Alert> {
  alert: Subject;
  about: About;
}

/** Alerts that go to one receiver in one message. */
export interface Group<About, Subject extends Pick<Alert, 'labels'> = Alert> {
  receiver: string;
  /** Path of the route in routing.yaml. */
  route: string;
  /**
   * Options of the matching route; null where the routes no longer lead to the receiver and its
   * channel still shows the subject.
   */
  match: RouteMatch | null;
  groupKey: string;
  groupLabels: Labels;
  subjects: AlertSubject<About, Subject>[];
}

/**
 * Matches every alert against the route tree and groups those that a receiver wants in one message.
 */
export function groupByRoute<About, Subject extends Pick<Alert, 'labels'>>(
  config: RoutingConfig,
  subjects: readonly AlertSubject<About, Subject>[],
): Group<About, Subject>[] {
  const groups = new Map<string, Group<About, Subject>>();
  for (const subject of subjects) {
    const { labels } = subject.alert;
    for (const match of matchRoutes(config, labels)) {
      const key = groupKey(match, labels);
      // Two routes may share a key, as in Alertmanager; a receiver gets a group once.
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
 * Groups all alerts that one route sends to a receiver and ignores `group_by`: an advisory can
 * affect a hundred images at once and stays one message. The message itself lists the labels that
 * its alerts share.
 */
export function groupByReceiver<About, Subject extends Pick<Alert, 'labels'>>(
  config: RoutingConfig,
  subjects: readonly AlertSubject<About, Subject>[],
): Group<About, Subject>[] {
  const groups = new Map<string, Group<About, Subject>>();
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

/**
 * Channels of a receiver that get this message: resolutions go only to channels with
 * `send_resolved`.
 */
export function channelsFor(config: RoutingConfig, receiver: string, isNews: boolean): Integration[] {
  const integrations = config.receivers.get(receiver)?.integrations ?? [];
  return integrations.filter((integration) => isNews || integration.config.sendResolved);
}
