import type { Alert, Labels } from '@tidewaiter/domain';

import type { OutgoingMessage } from '../sender.js';
import type { SlackButtonValues } from './render.js';

/** Button actions of a message. An action that would be ambiguous for several subjects is null. */
export function slackActions({ message, alerts, edition }: OutgoingMessage): SlackButtonValues {
  const isOpen = message.status === 'firing';
  const incident = message.kind === 'incident' ? (edition?.subject ?? null) : null;
  const matchers = isOpen ? silenceMatchers(message.kind, alerts) : null;
  return {
    acknowledge: isOpen && message.isAcknowledged !== true ? incident : null,
    silence: matchers && JSON.stringify({ incident, matchers }),
  };
}

/** Matchers of the silence for a day, in Alertmanager's syntax: as narrow as the message. */
function silenceMatchers(kind: OutgoingMessage['message']['kind'], alerts: readonly Alert[]): string[] | null {
  const labels = commonLabels(alerts);
  const named = (...names: string[]) => names.flatMap((name) => matcher(name, labels[name]));
  if (kind === 'incident') {
    const place = named('workload', 'cluster');
    return named('rule').length === 0
      ? null
      : [...named('kind', 'rule'), ...(place.length > 0 ? place : named('repository'))];
  }
  if (kind === 'finding') return named('rule').length === 0 ? null : named('kind', 'rule');
  // A silence of findings does not cover runtime incidents of the image.
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
  // A value that needs other escapes than these is not a legitimate name.
  if (value === undefined || /\p{Cc}/u.test(value)) return [];
  return [`${name}="${value.replaceAll(/[\\"]/g, '\\$&')}"`];
}
