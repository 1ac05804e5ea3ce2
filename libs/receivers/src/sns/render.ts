import { cut } from '@tidewaiter/domain';

import { dedupKey } from '../dedup-key.js';
import { plainTextOfBytes } from '../plain-text.js';
import type { OutgoingMessage } from '../sender.js';
import type { SnsConfig } from './config.js';

/** @see https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
export const snsLimits = {
  /** Limit on message, subject and attributes together. */
  bytes: 256 * 1024,
  /** The API requires less than 100. */
  subjectChars: 99,
  /** Limit of one SMS; longer texts are sent and charged as several. */
  smsChars: 140,
} as const;

/** The parameters of `Publish`. */
export function publication(config: SnsConfig, delivery: OutgoingMessage): [name: string, value: string][] {
  const { target, attributes } = config;
  const numbered = attributes.flatMap(([name, value], index): [string, string][] => {
    const entry = `MessageAttributes.entry.${index + 1}`;
    return [
      [`${entry}.Name`, name],
      [`${entry}.Value.DataType`, 'String'],
      [`${entry}.Value.StringValue`, value],
    ];
  });
  const common: [string, string][] = [['Action', 'Publish'], ['Version', '2010-03-31'], ...numbered];
  if ('phoneNumber' in target) {
    return [
      ...common,
      ['PhoneNumber', target.phoneNumber],
      ['Message', cut(delivery.message.title, snsLimits.smsChars)],
    ];
  }
  return [
    ...common,
    'topicArn' in target ? ['TopicArn', target.topicArn] : ['TargetArn', target.targetArn],
    ['Subject', cut(config.subject ?? delivery.message.title, snsLimits.subjectChars)],
    ['Message', textOf(config, delivery)],
    ...orderOf(target, delivery),
  ];
}

function textOf({ attributes }: SnsConfig, { message }: OutgoingMessage): string {
  const title = cut(message.title, snsLimits.subjectChars);
  const others = attributes.map(([name, value]) => `${name}String${value}`).join('');
  const taken = Buffer.byteLength(`${title}\n\n${others}`) + 3 * snsLimits.subjectChars;
  return `${title}\n\n${plainTextOfBytes(message, snsLimits.bytes - taken)}`;
}

/**
 * Keys with which a FIFO topic keeps messages about the same subject in order and accepts each
 * once.
 */
function orderOf(target: object, delivery: OutgoingMessage): [string, string][] {
  if (!('topicArn' in target) || !String(target.topicArn).endsWith('.fifo')) return [];
  return [
    ['MessageGroupId', dedupKey(delivery)],
    ['MessageDeduplicationId', delivery.id],
  ];
}
