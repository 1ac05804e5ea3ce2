import { cut, Secret, type Severity } from '@tidewaiter/domain';
import { plainText } from '@tidewaiter/messages';

import { dedupKey, postJson } from '../http-channel.js';
import { receiver, type Configs, type OutgoingMessage } from '../receiver.js';

/** @see https://docs.opsgenie.com/docs/alert-api#create-alert */
export const opsgenieLimits = {
  messageChars: 130,
  descriptionChars: 15_000,
  tags: 20,
  tagChars: 50,
  detailsChars: 8_000,
} as const;

const priorities: Record<Severity, string> = {
  critical: 'P1',
  high: 'P2',
  medium: 'P3',
  low: 'P4',
  negligible: 'P5',
  unknown: 'P3',
};

/** Opsgenie's Alert API. It takes a request and works on it afterwards; the alias makes a repetition harmless and ends what it opened. */
export const opsgenie = receiver({
  kind: 'opsgenie',
  async send(config, delivery, context) {
    const { apiKey, apiUrl, http, timeoutMs } = config;
    const alias = dedupKey(delivery);
    const isOver = delivery.message.status === 'resolved';
    const url = isOver ? `${apiUrl}v2/alerts/${alias}/close?identifierType=alias` : `${apiUrl}v2/alerts`;
    const body = isOver
      ? { source: sourceOf(config), note: cut(delivery.message.summary, 1000) }
      : alertOf(config, delivery);
    const credentials = { authorization: new Secret(`GenieKey ${apiKey.reveal()}`) };
    return postJson({ name: 'Opsgenie', url, body, credentials, http, timeoutMs }, delivery, context);
  },
});

export function alertOf(config: Configs['opsgenie'], delivery: OutgoingMessage): object {
  const { message, groupLabels } = delivery;
  return {
    message: cut(message.title, opsgenieLimits.messageChars),
    alias: dedupKey(delivery),
    description: plainText(message, opsgenieLimits.descriptionChars),
    responders: config.responders,
    tags: config.tags.slice(0, opsgenieLimits.tags).map((tag) => cut(tag, opsgenieLimits.tagChars)),
    details: boundedDetails([...Object.entries(groupLabels), ...config.details]),
    entity: config.entity,
    source: sourceOf(config),
    note: config.note,
    priority: config.priority ?? priorities[message.severity],
  };
}

function sourceOf({ source }: Configs['opsgenie']): string {
  return source ?? 'Tidewaiter';
}

function boundedDetails(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  let left: number = opsgenieLimits.detailsChars;
  const kept = pairs.filter(([name, value]) => {
    left -= name.length + value.length;
    return left >= 0;
  });
  return Object.fromEntries(kept);
}
