import { postJson } from '../http-channel.js';
import type { ChannelSender } from '../sender.js';
import type { VictorOpsConfig } from './config.js';
import { victorOpsEvent } from './render.js';

/**
 * Splunk On-Call, which was VictorOps. It knows an incident by our key, so a repetition is
 * harmless, and ends what it opened.
 * @see https://help.victorops.com/knowledge-base/rest-endpoint-integration-guide/
 */
export const victoropsSender: ChannelSender<VictorOpsConfig> = {
  async send(config, delivery, context) {
    const { apiUrl, apiKey, routingKey, http, timeoutMs } = config;
    const url = `${apiUrl}${encodeURIComponent(apiKey.reveal())}/${encodeURIComponent(routingKey)}`;
    const body = victorOpsEvent(config, delivery);
    return postJson({ name: 'Splunk On-Call', url, body, http, timeoutMs }, delivery, context);
  },
};
