import type { OutgoingMessage } from '../sender.js';
import { webhookPayload } from '../webhook/render.js';

/** Bytes of a request that it takes. */
export const maxIncidentioBytes = 512 * 1024;

/** Fewer and fewer alerts, until they fit; those that are left out are counted. */
export function incidentioPayload(delivery: OutgoingMessage, maxAlerts: number): object {
  for (let kept = maxAlerts || delivery.alerts.length; ; kept = Math.floor(kept / 2)) {
    const payload = { ...webhookPayload(delivery, kept), version: '1' };
    if (kept <= 1 || Buffer.byteLength(JSON.stringify(payload)) <= maxIncidentioBytes) return payload;
  }
}
