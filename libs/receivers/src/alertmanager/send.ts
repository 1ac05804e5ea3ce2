import { postJson } from '../http-channel.js';
import type { ChannelSender } from '../sender.js';
import type { AlertmanagerConfig } from './config.js';
import { postableAlert } from './render.js';

/**
 * Passes alerts on to an Alertmanager, which groups and sends them by its own routes. It identifies
 * an alert by its labels; labels of Tidewaiter that become others while it fires are annotations
 * there. Repeating one is harmless.
 * @see https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
export const alertmanagerSender: ChannelSender<AlertmanagerConfig> = {
  async send({ url, http, timeoutMs }, delivery, context) {
    const now = new Date();
    const body = delivery.alerts.map((alert) => postableAlert(alert, delivery, now));
    const request = { name: 'Alertmanager', url: `${url}/api/v2/alerts`, body, http, timeoutMs };
    return postJson(request, delivery, context);
  },
};
