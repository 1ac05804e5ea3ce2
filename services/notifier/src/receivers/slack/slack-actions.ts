import type { Alert, Labels } from '@tidewaiter/domain';
import type { SlackActions } from '@tidewaiter/messages';

import type { Delivery } from '../receiver.js';

/** What people can do about a message. Of several things at once nobody could say which one is meant. */
export function slackActions({ message, alerts, edition }: Delivery): SlackActions {
  const isOpen = message.status === 'firing';
  const incident = message.kind === 'incident' ? (edition?.subject ?? null) : null;
  const matchers = isOpen ? silenceMatchers(message.kind, alerts) : null;
  return {
    acknowledge: isOpen && message.isAcknowledged !== true ? incident : null,
    silence: matchers && JSON.stringify({ incident, matchers }),
  };
}

/** What a day of quiet is asked for, in Alertmanager's syntax: as narrow as what was told. */
function silenceMatchers(kind: Delivery['message']['kind'], alerts: readonly Alert[]): string[] | null {
  const labels = commonLabels(alerts);
  const named = (...names: string[]) => names.flatMap((name) => matcher(name, labels[name]));
  if (kind === 'incident') {
    const place = named('workload', 'cluster');
    return named('rule').length === 0
      ? null
      : [...named('kind', 'rule'), ...(place.length > 0 ? place : named('repository'))];
  }
  if (kind === 'finding') return named('rule').length === 0 ? null : named('kind', 'rule');
  // What happens in the image while it runs is no matter of its findings.
  if (kind === 'push')
    return named('repository').length === 0 ? null : ['kind!="incident"', ...named('repository', 'tag')];
  return null;
}

function commonLabels(alerts: readonly Alert[]): Labels {
  const [first, ...others] = alerts;
  const shared = Object.entries(first?.labels ?? {}).filter(([name, value]) =>
    others.every(({ labels }) => labels[name] === value),
  );
  return Object.fromEntries(shared);
}

function matcher(name: string, value: string | undefined): string[] {
  // A value that needs other escapes than these is no name that somebody gave.
  if (value === undefined || /\p{Cc}/u.test(value)) return [];
  return [`${name}="${value.replaceAll(/[\\"]/g, '\\$&')}"`];
}
