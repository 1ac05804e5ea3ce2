import { receiver } from '../receiver.js';
import { readIncidentio } from './config.js';

/** An alert source of incident.io. */
export const incidentio = receiver({
  kind: 'incidentio',
  read: readIncidentio,
  isForPrograms: true,
  sender: async () => (await import('./send.js')).incidentioSender,
});
