import { receiver } from '../receiver.js';
import { readWebhook } from './config.js';

/** Any HTTP endpoint that takes Alertmanager's webhook payload. */
export const webhook = receiver({
  kind: 'webhook',
  read: readWebhook,
  isForPrograms: true,
  sender: async () => (await import('./send.js')).webhookSender,
});
