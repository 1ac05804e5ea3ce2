import { postJson } from '../http-channel.js';
import type { ChannelSender } from '../sender.js';
import type { PagerDutyConfig } from './config.js';
import { olderPagerDutyEvent, pagerDutyEvent } from './render.js';

/**
 * PagerDuty's Events API, version 2 or 1. The key by which it knows an event again makes a
 * repetition harmless, and ends what it opened.
 * @see https://developer.pagerduty.com/docs/events-api-v2/
 * @see https://developer.pagerduty.com/docs/events-api-v1/
 */
export const pagerdutySender: ChannelSender<PagerDutyConfig> = {
  async send(config, delivery, context) {
    const { api, url, http, timeoutMs } = config;
    const body = api === 'v1' ? olderPagerDutyEvent(config, delivery) : pagerDutyEvent(config, delivery);
    // Version 1 answers 403 to who sends too much.
    const temporary = api === 'v1' ? [403] : [];
    return postJson({ name: 'PagerDuty', url, body, http, timeoutMs, temporary }, delivery, context);
  },
};
