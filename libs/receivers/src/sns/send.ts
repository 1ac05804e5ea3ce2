import { cut } from '@tidewaiter/domain';

import type { ChannelSender } from '../sender.js';
import { signingCredentials } from './assume-role.js';
import { callAws, elementOf } from './aws-query.js';
import type { SnsConfig } from './config.js';
import { publication } from './render.js';

/**
 * Publishes to Amazon's Simple Notification Service: a topic, a phone or an app. A FIFO topic drops
 * duplicates within five minutes; other targets deliver them.
 * @see https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export const snsSender: ChannelSender<SnsConfig> = {
  async send(config, delivery, context) {
    const credentials = await signingCredentials(config, context);
    const { apiUrl: url, http, timeoutMs } = config;
    const call = { name: 'SNS', url, parameters: publication(config, delivery), http, timeoutMs };
    const xml = await callAws(call, 'MessageId', { credentials, region: config.region, service: 'sns' }, context);
    return { outcome: 'sent', reference: cut(elementOf(xml, 'MessageId') ?? '', 100), refused: [] };
  },
};
