import { cut, type Severity } from '@tidewaiter/domain';

import { dedupKey } from '../dedup-key.js';
import { plainText } from '../plain-text.js';
import type { OutgoingMessage } from '../sender.js';
import type { OpsgenieConfig } from './config.js';

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

export function alertOf(config: OpsgenieConfig, delivery: OutgoingMessage): object {
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

export function sourceOf({ source }: OpsgenieConfig): string {
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
