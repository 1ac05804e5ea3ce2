import { receiver } from '../receiver.js';
import { readOpsgenie, readOpsgenieDefaults } from './config.js';

/** Opsgenie's Alert API. */
export const opsgenie = receiver({
  kind: 'opsgenie',
  defaults: readOpsgenieDefaults,
  read: readOpsgenie,
  isForPrograms: true,
  sender: async () => (await import('./send.js')).opsgenieSender,
});
