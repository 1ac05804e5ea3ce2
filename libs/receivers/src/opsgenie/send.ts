import { cut, Secret } from '@tidewaiter/domain';

import { dedupKey } from '../dedup-key.js';
import { postJson } from '../http-channel.js';
import type { ChannelSender } from '../sender.js';
import type { OpsgenieConfig } from './config.js';
import { alertOf, sourceOf } from './render.js';

/**
 * Opsgenie's Alert API. It takes a request and works on it afterwards; the alias makes a repetition
 * harmless and ends what it opened.
 */
export const opsgenieSender: ChannelSender<OpsgenieConfig> = {
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
};
