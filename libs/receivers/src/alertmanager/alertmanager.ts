import { receiver } from '../receiver.js';
import { readAlertmanager } from './config.js';

/** An Alertmanager, to which alerts are forwarded. */
export const alertmanager = receiver({
  kind: 'alertmanager',
  read: readAlertmanager,
  isForPrograms: true,
  sender: async () => (await import('./send.js')).alertmanagerSender,
});
