import { postJson } from '../http-channel.js';
import { receiver, type OutgoingMessage } from '../receiver.js';
import { webhookPayload } from '../webhook/payload.js';

/** Bytes of a request that it takes. */
export const maxIncidentioBytes = 512 * 1024;

/** An alert source of incident.io, which groups by our key: a repetition is harmless there. */
export const incidentio = receiver({
  kind: 'incidentio',
  async send({ url, maxAlerts, http, timeoutMs }, delivery, context) {
    const body = incidentioPayload(delivery, maxAlerts);
    return postJson({ name: 'incident.io', url, body, http, timeoutMs }, delivery, context);
  },
});

/** Fewer and fewer alerts, until they fit; those that are left out are counted. */
export function incidentioPayload(delivery: OutgoingMessage, maxAlerts: number): object {
  for (let kept = maxAlerts || delivery.alerts.length; ; kept = Math.floor(kept / 2)) {
    const payload = { ...webhookPayload(delivery, kept), version: '1' };
    if (kept <= 1 || Buffer.byteLength(JSON.stringify(payload)) <= maxIncidentioBytes) return payload;
  }
}
