import { Secret } from '@tidewaiter/domain';

import { httpFailure } from '../http-channel.js';
import { ocsfEvents } from '../ocsf.js';
import { post } from '../outbound.js';
import type { ChannelSender } from '../sender.js';
import type { SplunkHecConfig } from './config.js';

/**
 * Sends the alerts to the HTTP Event Collector, each as an event in OCSF. Splunk does not recognize
 * a repeated event; `metadata.uid` is the same in both.
 * @see https://help.splunk.com "Format events for HTTP Event Collector"
 */
export const splunkHecSender: ChannelSender<SplunkHecConfig> = {
  async send({ url, token, index, source, sourcetype, http, timeoutMs }, delivery, context) {
    const events = ocsfEvents(delivery).map((event) => ({
      time: event.time / 1000,
      source,
      sourcetype,
      ...(index !== undefined && { index }),
      event,
    }));
    const response = await post(
      `${url}/services/collector/event`,
      {
        headers: { 'content-type': 'application/json' },
        // The collector takes events one after the other, and no list.
        body: events.map((event) => JSON.stringify(event)).join('\n'),
        credentials: { authorization: new Secret(`Splunk ${token.reveal()}`) },
        http,
        timeoutMs,
      },
      context,
    );
    await response.discard();
    if (response.status !== 200) throw httpFailure('Splunk', response);
    return { outcome: 'sent', reference: delivery.id, refused: [] };
  },
};
