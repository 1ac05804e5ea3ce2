import { postJson } from '../http-channel.js';
import type { ChannelSender } from '../sender.js';
import type { IncidentioConfig } from './config.js';
import { incidentioPayload } from './render.js';

/** An alert source of incident.io, which groups by our key: a repetition is harmless there. */
export const incidentioSender: ChannelSender<IncidentioConfig> = {
  async send({ url, maxAlerts, http, timeoutMs }, delivery, context) {
    const body = incidentioPayload(delivery, maxAlerts);
    return postJson({ name: 'incident.io', url, body, http, timeoutMs }, delivery, context);
  },
};
